use crate::Result;
use crate::estimate::check_number;
use crate::number::{difference, fixed};
use crate::plain_text::PlainText;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

/// Texts of two models on the same prompts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextComparisons {
    /// Which texts these are.
    pub caption: String,
    /// The model before: `SFT`.
    pub before: String,
    /// The model after: `hinge, β = 0.1`.
    pub after: String,
    /// A prompt each.
    pub rows: Vec<TextComparison>,
}

/// A prompt with the texts of two models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextComparison {
    /// The prompt.
    pub prompt: String,
    /// The text before training, with or without the prompt at its beginning.
    pub before: RewardedText,
    /// The text after training, with or without the prompt at its beginning.
    pub after: RewardedText,
}

/// A generated text with its reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RewardedText {
    /// The text.
    pub text: String,
    /// Its reward, finite.
    pub reward: f64,
}

/// Comparisons that are open when the page is opened.
const OPEN: usize = 2;

/// All comparisons of the section.
pub(super) fn texts(comparisons: &[TextComparisons]) -> Result<Markup> {
    let shown: Vec<Markup> = comparisons.iter().map(one).collect::<Result<_>>()?;
    Ok(html! { @for comparisons in shown { (comparisons) } })
}

fn one(comparisons: &TextComparisons) -> Result<Markup> {
    for (i, row) in comparisons.rows.iter().enumerate() {
        let place = || format!("texts {:?}, row {}", comparisons.caption, i + 1);
        check_number(row.before.reward, place, "reward before")?;
        check_number(row.after.reward, place, "reward after")?;
    }
    Ok(html! {
        div class="comparisons" {
            p { (PlainText(&comparisons.caption)) }
            p class="remark" {
                "Each line: the prompt, the reward of " b { (PlainText(&comparisons.before)) } " → that of "
                b { (PlainText(&comparisons.after)) } ", and their difference. A line opens the two texts."
            }
            @for (i, row) in comparisons.rows.iter().enumerate() {
                details open[i < OPEN] {
                    summary {
                        span class="counter" { (i + 1) }
                        bdi class="prompt-line" { (PlainText(&row.prompt)) }
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
            span class="reward" { (fixed(row.before.reward, 2)) }
            span class="arrow" { "→" }
            span class="reward" { (fixed(row.after.reward, 2)) }
            span class=(class) { (difference(change, 2)) }
        }
    }
}

fn text(model: &str, prompt: &str, rewarded: &RewardedText) -> Markup {
    let (said, rest) = match rewarded.text.strip_prefix(prompt) {
        Some(rest) => (prompt, rest),
        None => ("", rewarded.text.as_str()),
    };
    html! {
        div class="side" {
            p class="model" {
                (PlainText(model)) span class="reward" { "reward " (fixed(rewarded.reward, 2)) }
            }
            p class="text" dir="auto" {
                @if !said.is_empty() { span class="prompt" { (PlainText(said)) } }
                (PlainText(rest))
            }
        }
    }
}
