use super::SkipReason;
use crate::ScoredText;
use std::collections::{HashMap, HashSet};

/// A prompt and the rows that answer it, in the input's order.
pub(super) struct Prompt<'a> {
    pub text: &'a str,
    pub texts: Vec<&'a ScoredText>,
}

/// The rows by prompt, prompts in the order of their first row.
pub(super) fn by_prompt(rows: &[ScoredText]) -> Vec<Prompt<'_>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut prompts: Vec<Prompt<'_>> = Vec::new();
    for row in rows {
        let place = *places.entry(row.prompt.as_str()).or_insert_with(|| {
            prompts.push(Prompt { text: &row.prompt, texts: Vec::new() });
            prompts.len() - 1
        });
        prompts[place].texts.push(row);
    }
    prompts
}

/// Why two texts make no pair.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    IdenticalTexts,
    EqualScores,
}

impl Prompt<'_> {
    /// How many rows repeat a text that an earlier row of the prompt holds.
    pub fn duplicate_texts(&self) -> usize {
        self.texts.len() - self.texts.iter().map(|row| row.text.as_str()).collect::<HashSet<_>>().len()
    }

    /// Why no two texts of the prompt can make a pair, if that is so.
    ///
    /// With two different texts and two different scores some pair exists: take rows of different scores; if their
    /// texts agree, a row with another text differs in score from one of them.
    pub fn cannot_pair(&self) -> Option<SkipReason> {
        let [first, rest @ ..] = self.texts.as_slice() else {
            return Some(SkipReason::SingleText);
        };
        if rest.is_empty() {
            Some(SkipReason::SingleText)
        } else if rest.iter().all(|row| row.text == first.text) {
            Some(SkipReason::IdenticalTexts)
        } else if rest.iter().all(|row| row.score == first.score) {
            Some(SkipReason::EqualScores)
        } else {
            None
        }
    }

    /// What stands in the way of pairing two rows.
    pub fn obstacle(&self, a: usize, b: usize) -> Option<Obstacle> {
        let (a, b) = (self.texts[a], self.texts[b]);
        if a.text == b.text {
            Some(Obstacle::IdenticalTexts)
        } else if a.score == b.score {
            Some(Obstacle::EqualScores)
        } else {
            None
        }
    }

    /// Two rows with the better one first.
    pub fn in_order(&self, a: usize, b: usize) -> (usize, usize) {
        if self.texts[a].score > self.texts[b].score { (a, b) } else { (b, a) }
    }
}
