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
    pub before: ComparedText,
    /// The text after training, with or without the prompt at its start.
    pub after: ComparedText,
}

/// A generated text, with its reward if there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparedText {
    /// The text.
    pub text: String,
    /// The reward, which must be finite.
    #[serde(default)]
    pub reward: Option<f64>,
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
        for (text, what) in [(&row.before, "reward before"), (&row.after, "reward after")] {
            text.reward.map_or(Ok(()), |reward| check_number(reward, place, what))?;
        }
    }
    Ok(html! {
        div class="comparisons" {
            p { (EscapedText(&comparisons.caption)) }
            p class="remark" {
                @if comparisons.rows.iter().any(|row| rewards(row).is_some()) {
                    "Each row shows the prompt, the reward of " b { (EscapedText(&comparisons.before)) } " → that of "
                    b { (EscapedText(&comparisons.after)) } ", and the difference. Open a row to read both texts."
                } @else {
                    "Each row shows the prompt. Open a row to read the texts " b { (EscapedText(&comparisons.before)) }
                    " and " b { (EscapedText(&comparisons.after)) } "."
                }
            }
            @for (i, row) in comparisons.rows.iter().enumerate() {
                details open[i < OPEN_COMPARISONS] {
                    summary {
                        (counter(i))
                        bdi class="prompt-line" { (EscapedText(&row.prompt)) }
                        @if let Some(rewards) = rewards(row) { (rewards) }
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

/// The rewards of both texts and their difference, if both have one.
fn rewards(row: &TextComparison) -> Option<Markup> {
    let (before, after) = row.before.reward.zip(row.after.reward)?;
    let change = after - before;
    let class = if change < 0.0 { "change worse" } else { "change better" };
    Some(html! {
        span class="rewards" {
            span class="reward" { (format_number(before, 2)) }
            span class="arrow" { "→" }
            span class="reward" { (format_number(after, 2)) }
            span class=(class) { (difference(change, 2)) }
        }
    })
}

fn text(model: &str, prompt: &str, compared: &ComparedText) -> Markup {
    side(model, compared.reward, prompt, &compared.text, "")
}

/// The number of a row.
pub(super) fn counter(row: usize) -> Markup {
    html! { span class="counter" { (row + 1) } }
}

/// One of several texts side by side, with a label above and a remark below.
pub(super) fn side(label: &str, reward: Option<f64>, prompt: &str, text: &str, remark: &str) -> Markup {
    let (prompt_part, rest) = match text.strip_prefix(prompt) {
        Some(rest) => (prompt, rest),
        None => ("", text),
    };
    html! {
        div class="side" {
            p class="model" {
                (EscapedText(label))
                @if let Some(reward) = reward {
                    span class="reward" { "reward " (format_number(reward, 2)) }
                }
            }
            p class="text" dir="auto" {
                @if !prompt_part.is_empty() { span class="prompt" { (EscapedText(prompt_part)) } }
                (EscapedText(rest))
            }
            @if !remark.is_empty() { p class="remark" { (EscapedText(remark)) } }
        }
    }
}
