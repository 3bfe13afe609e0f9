use crate::Result;
use crate::escaped_text::EscapedText;
use crate::estimate::check_number;
use crate::number::{difference, format_number};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

/// Texts of two models on the same prompts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextComparisons {
    /// Describes the selection of texts.
    pub caption: String,
    /// The name of the model before training, such as `SFT`.
    pub before: String,
    /// The name of the model after training, such as `hinge, β = 0.1`.
    pub after: String,
    /// One row per prompt.
    pub rows: Vec<TextComparison>,
}

/// A prompt with the texts of two models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextComparison {
    /// The prompt.
    pub prompt: String,
    /// The text before training, with or without the prompt at its start.
    pub before: RewardedText,
    /// The text after training, with or without the prompt at its start.
    pub after: RewardedText,
}

/// A generated text with its reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardedText {
    /// The text.
    pub text: String,
    /// The reward, which must be finite.
    pub reward: f64,
}

/// Number of comparisons that are initially open.
const OPEN_COMPARISONS: usize = 2;

/// Renders all comparisons of the section.
pub(super) fn texts(comparisons: &[TextComparisons]) -> Result<Markup> {
    let shown: Vec<Markup> = comparisons.iter().map(comparisons_html).collect::<Result<_>>()?;
    Ok(html! { @for comparisons in shown { (comparisons) } })
}

fn comparisons_html(comparisons: &TextComparisons) -> Result<Markup> {
    for (i, row) in comparisons.rows.iter().enumerate() {
        let place = || format!("texts {:?}, row {}", comparisons.caption, i + 1);
        check_number(row.before.reward, place, "reward before")?;
        check_number(row.after.reward, place, "reward after")?;
    }
    Ok(html! {
        div class="comparisons" {
            p { (EscapedText(&comparisons.caption)) }
            p class="remark" {
                "Each row shows the prompt, the reward of " b { (EscapedText(&comparisons.before)) } " → that of "
                b { (EscapedText(&comparisons.after)) } ", and the difference. Open a row to read both texts."
            }
            @for (i, row) in comparisons.rows.iter().enumerate() {
                details open[i < OPEN_COMPARISONS] {
                    summary {
                        span class="counter" { (i + 1) }
                        bdi class="prompt-line" { (EscapedText(&row.prompt)) }
                        (rewards(row))
                    }
                    div class="pair" {
                        (text(&comparisons.before, &row.prompt, &row.before))
                        (text(&comparisons.after, &row.prompt, &row.after))
                    }
                }
            }
        }
    })
}

fn rewards(row: &TextComparison) -> Markup {
    let change = row.after.reward - row.before.reward;
    let class = if change < 0.0 { "change worse" } else { "change better" };
    html! {
        span class="rewards" {
            span class="reward" { (format_number(row.before.reward, 2)) }
            span class="arrow" { "→" }
            span class="reward" { (format_number(row.after.reward, 2)) }
            span class=(class) { (difference(change, 2)) }
        }
    }
}

fn text(model: &str, prompt: &str, rewarded: &RewardedText) -> Markup {
    let (prompt_part, rest) = match rewarded.text.strip_prefix(prompt) {
        Some(rest) => (prompt, rest),
        None => ("", rewarded.text.as_str()),
    };
    html! {
        div class="side" {
            p class="model" {
                (EscapedText(model)) span class="reward" { "reward " (format_number(rewarded.reward, 2)) }
            }
            p class="text" dir="auto" {
                @if !prompt_part.is_empty() { span class="prompt" { (EscapedText(prompt_part)) } }
                (EscapedText(rest))
            }
        }
    }
}
