//! Preference pairs out of scored texts: of two texts for one prompt, the one with the higher score is chosen.

mod draw;
mod prompts;
mod report;
mod strategy;

pub use report::{PairingReport, SkipReason, SkippedPrompt};
pub use strategy::{PairOptions, PairStrategy};

use crate::{Error, PreferencePair, Result, ScoredText};
use draw::{MOST_PAIRS, draw};
use prompts::{Prompt, by_prompt};
use std::collections::HashSet;

/// Pairs the texts of each prompt; prompts come in the order of their first text.
///
/// Two texts with equal scores, or a text with itself, are never paired: the report counts them, and names the prompts
/// that gave no pair. The same rows, options and seed always give the same pairs.
///
/// # Errors
/// When an option is invalid, a score is not finite (the row is named), or there would be more than 20 million pairs.
pub fn pair(texts: &[ScoredText], options: &PairOptions) -> Result<(Vec<PreferencePair>, PairingReport)> {
    options.validate()?;
    if let Some((row, text)) = texts.iter().enumerate().find(|(_, text)| !text.score.is_finite()) {
        return Err(Error::Cell {
            origin: "scored texts".to_owned(),
            row: row + 1,
            column: "score".to_owned(),
            expected: "a finite number".into(),
            found: text.score.to_string(),
        });
    }
    let prompts = by_prompt(texts);
    let mut report = PairingReport { prompts: prompts.len(), texts: texts.len(), ..PairingReport::default() };
    let mut pairs = Vec::new();
    for (index, prompt) in prompts.iter().enumerate() {
        report.duplicate_texts += prompt.duplicate_texts();
        let skipped = |reason| SkippedPrompt { prompt: prompt.text.to_owned(), texts: prompt.texts.len(), reason };
        if let Some(reason) = prompt.cannot_pair() {
            report.missing_pairs += options.wanted().unwrap_or(0);
            report.skipped.push(skipped(reason));
            continue;
        }
        let drawn = draw(prompt, index, options, MOST_PAIRS - pairs.len(), &mut report)?;
        if drawn.is_empty() {
            report.skipped.push(skipped(SkipReason::NothingPaired));
        }
        let mut seen = HashSet::with_capacity(drawn.len());
        report.repeated_pairs += drawn.iter().filter(|&&pair| !seen.insert(pair)).count();
        pairs.extend(drawn.into_iter().map(|(chosen, rejected)| prompt.pair(chosen, rejected)));
    }
    report.pairs = pairs.len();
    Ok((pairs, report))
}

impl Prompt<'_> {
    fn pair(&self, chosen: usize, rejected: usize) -> PreferencePair {
        let (chosen, rejected) = (self.texts[chosen], self.texts[rejected]);
        PreferencePair {
            prompt: self.text.to_owned(),
            chosen: chosen.text.clone(),
            rejected: rejected.text.clone(),
            chosen_score: Some(chosen.score),
            rejected_score: Some(rejected.score),
        }
    }
}
