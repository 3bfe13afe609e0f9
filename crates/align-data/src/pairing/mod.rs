//! Makes preference pairs from scored texts: of two texts for a prompt, the one with the higher score is chosen.

mod draw;
mod prompts;
mod report;
mod strategy;

pub(crate) use draw::{MAX_PAIRS, too_many_pairs};
pub use report::{PairingReport, SkipReason, SkippedPrompt};
pub use strategy::{PairOptions, PairStrategy};

use crate::{Error, PairNumbers, PreferencePair, Result, ScoredText};
use draw::draw;
use prompts::{Prompt, group_by_prompt};
use std::collections::HashSet;

/// Makes preference pairs for each prompt. Prompts are in the order of their first text.
///
/// Texts with equal scores and identical texts are never paired. The report counts them and lists the prompts without
/// pairs. The result depends only on the rows, the options and the seed.
///
/// # Errors
/// When an option is invalid, a score is not finite, or there would be more than 20 million pairs.
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
    let prompts = group_by_prompt(texts);
    let mut report = PairingReport { prompts: prompts.len(), texts: texts.len(), ..PairingReport::default() };
    let mut pairs = Vec::new();
    for (index, prompt) in prompts.iter().enumerate() {
        report.duplicate_texts += prompt.duplicate_texts();
        let skipped = |reason| SkippedPrompt { prompt: prompt.text.to_owned(), texts: prompt.texts.len(), reason };
        if let Some(reason) = prompt.skip_reason() {
            report.missing_pairs = report.missing_pairs.saturating_add(options.pairs_wanted().unwrap_or(0));
            report.skipped.push(skipped(reason));
            continue;
        }
        let drawn = draw(prompt, index, options, MAX_PAIRS - pairs.len(), &mut report)?;
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
            numbers: PairNumbers::default(),
        }
    }
}
