//! The texts that the rules choose for a prompt.

use super::found::Found;
use align_report::{ChosenText, TextChoice, format_number};

/// The different texts that rules choose for a prompt, each with its rules and its scores.
pub fn choice(found: &Found<'_>, prompt: usize) -> Option<TextChoice> {
    let judged = found.prompts.get(prompt)?;
    let chosen = |text: &usize| {
        let by = found.agreement.rules.iter().filter_map(|rule| {
            let choices = rule.choices.get(prompt)?;
            let (_, probability) = choices.iter().find(|(at, _)| at == text)?;
            let is_certain = choices.len() == 1;
            Some(match is_certain {
                true => rule.rule.to_string(),
                false => format!("{} {}%", rule.rule, format_number(100.0 * probability, 0)),
            })
        });
        let scores = judged.table().judges().iter().map(|judge| {
            let score = judge.scores().get(*text).copied().flatten();
            format!("{} {}", judge.name(), score.map_or_else(|| "–".to_owned(), short))
        });
        Some(ChosenText {
            chosen_by: by.collect::<Vec<_>>().join(", "),
            text: judged.texts().get(*text)?.clone(),
            remark: scores.collect::<Vec<_>>().join(", "),
        })
    };
    let texts = (0..judged.texts().len()).filter(|text| {
        let has = |choices: &Vec<(usize, f64)>| choices.iter().any(|(at, _)| at == text);
        found.agreement.rules.iter().any(|rule| rule.choices.get(prompt).is_some_and(has))
    });
    let texts = texts.filter_map(|text| chosen(&text)).collect();
    Some(TextChoice { prompt: judged.prompt().to_owned(), texts })
}

/// A score with three significant digits.
fn short(score: f64) -> String {
    let magnitude = if score == 0.0 { 0.0 } else { score.abs().log10().floor() };
    if (-4.0..15.0).contains(&magnitude) {
        format_number(score, (2.0 - magnitude).clamp(0.0, 6.0) as usize)
    } else {
        format!("{score:.2e}")
    }
}
