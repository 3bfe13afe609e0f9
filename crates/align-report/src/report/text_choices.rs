use super::texts::{counter, side};
use crate::escaped_text::EscapedText;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

/// Prompts with the different texts that were chosen for them, such as by different rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextChoices {
    /// Describes the selection of prompts.
    pub caption: String,
    /// One row per prompt.
    pub rows: Vec<TextChoice>,
}

/// A prompt and the texts that were chosen for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextChoice {
    /// The prompt.
    pub prompt: String,
    /// The texts, which are shown side by side.
    pub texts: Vec<ChosenText>,
}

/// A text, and who chose it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChosenText {
    /// Who chose it, shown above the text.
    pub chosen_by: String,
    /// The text, with or without the prompt at its start.
    pub text: String,
    /// A line below the text, such as its scores; omitted if empty.
    #[serde(default)]
    pub remark: String,
}

/// Number of prompts that are initially open.
const OPEN_ROWS: usize = 3;

/// Renders all choices of the section.
pub(super) fn choices(choices: &[TextChoices]) -> Markup {
    html! {
        @for choices in choices {
            div class="comparisons" {
                p { (EscapedText(&choices.caption)) }
                @for (i, row) in choices.rows.iter().enumerate() {
                    details open[i < OPEN_ROWS] {
                        summary { (counter(i)) bdi class="prompt-line" { (EscapedText(&row.prompt)) } }
                        div class="pair" {
                            @for chosen in &row.texts {
                                (side(&chosen.chosen_by, None, &row.prompt, &chosen.text, &chosen.remark))
                            }
                        }
                    }
                }
            }
        }
    }
}
