use super::SkipReason;
use crate::ScoredText;
use std::collections::{HashMap, HashSet};

/// A prompt and its rows, in input order.
pub(super) struct Prompt<'a> {
    pub text: &'a str,
    pub texts: Vec<&'a ScoredText>,
}

/// Groups the rows by prompt. Prompts are in the order of their first row.
pub(super) fn group_by_prompt(rows: &[ScoredText]) -> Vec<Prompt<'_>> {
    let mut index_by_text: HashMap<&str, usize> = HashMap::new();
    let mut prompts: Vec<Prompt<'_>> = Vec::new();
    for row in rows {
        let index = *index_by_text.entry(row.prompt.as_str()).or_insert_with(|| {
            prompts.push(Prompt { text: &row.prompt, texts: Vec::new() });
            prompts.len() - 1
        });
        prompts[index].texts.push(row);
    }
    prompts
}

/// Why two texts cannot form a pair.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    IdenticalTexts,
    EqualScores,
}

impl Prompt<'_> {
    /// The number of rows whose text repeats that of an earlier row of the prompt.
    pub fn duplicate_texts(&self) -> usize {
        self.texts.len() - self.texts.iter().map(|row| row.text.as_str()).collect::<HashSet<_>>().len()
    }

    /// Why no two texts of the prompt can form a pair, or `None` if some can.
    ///
    /// If there are two different texts and two different scores, some pair exists. Take two rows with different
    /// scores: if their texts are equal, a row with another text differs in score from one of them.
    pub fn skip_reason(&self) -> Option<SkipReason> {
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

    /// Why two rows cannot form a pair, or `None` if they can.
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

    /// Orders two rows: the one with the higher score first.
    pub fn chosen_first(&self, a: usize, b: usize) -> (usize, usize) {
        if self.texts[a].score > self.texts[b].score { (a, b) } else { (b, a) }
    }
}
