//! Rows that were read, and what the checks see of them.

use super::token_counts::TokenCounter;
use crate::chat::Message;
use crate::{CompletionExample, Example, PairExample, Result, UnpairedExample};
use align_audit::{Answers, Check, Faults, NumberedRow, Row, Turn};

/// Rows of one form, with their numbers in the file.
#[derive(Debug, Clone, Default)]
pub struct AuditRows {
    /// The numbers, counted from 1.
    numbers: Vec<usize>,
    rows: Rows,
    scores: Vec<Option<[f64; 2]>>,
    positions: Vec<Option<bool>>,
    noted: Vec<Faults>,
}

/// The rows of each form.
#[derive(Debug, Clone)]
pub(super) enum Rows {
    Pairs(Vec<PairExample>),
    Labelled(Vec<UnpairedExample>),
    Completions(Vec<CompletionExample>),
}

impl Default for Rows {
    fn default() -> Self {
        Self::Completions(Vec::new())
    }
}

impl AuditRows {
    fn new(count: usize, rows: Rows) -> Self {
        Self {
            numbers: (1..=count).collect(),
            rows,
            scores: vec![None; count],
            positions: vec![None; count],
            noted: vec![Faults::default(); count],
        }
    }

    pub(super) fn of_pairs(pairs: Vec<PairExample>, scores: &[Option<[f64; 2]>], positions: &[bool]) -> Self {
        let own =
            |pair: &PairExample| pair.as_plain().and_then(|pair| Some([pair.chosen_score?, pair.rejected_score?]));
        let all = pairs
            .iter()
            .enumerate()
            .map(|(at, pair)| own(pair).or_else(|| scores.get(at).copied().flatten()))
            .collect();
        let positions = (0..pairs.len()).map(|at| positions.get(at).copied()).collect();
        Self { scores: all, positions, ..Self::new(pairs.len(), Rows::Pairs(pairs)) }
    }

    pub(super) fn of_labelled(rows: Vec<UnpairedExample>) -> Self {
        Self::new(rows.len(), Rows::Labelled(rows))
    }

    pub(super) fn of_completions(rows: Vec<CompletionExample>) -> Self {
        Self::new(rows.len(), Rows::Completions(rows))
    }

    pub(super) fn of_texts(texts: Vec<(String, String)>, scores: &[f64]) -> Self {
        let scores = (0..texts.len()).map(|at| scores.get(at).map(|score| [*score; 2])).collect();
        let rows: Vec<CompletionExample> = texts.into_iter().map(Example::Plain).collect();
        Self { scores, ..Self::new(rows.len(), Rows::Completions(rows)) }
    }

    /// The rows as they are numbered after `before` others.
    pub(super) fn counted_from(mut self, before: usize) -> Self {
        self.numbers.iter_mut().for_each(|number| *number += before);
        self
    }

    /// Adds rows of the same form.
    pub(super) fn append(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        match (&mut self.rows, other.rows) {
            (Rows::Pairs(all), Rows::Pairs(more)) => all.extend(more),
            (Rows::Labelled(all), Rows::Labelled(more)) => all.extend(more),
            (Rows::Completions(all), Rows::Completions(more)) => all.extend(more),
            // All rows of a file have one form.
            _ => return,
        }
        self.numbers.extend(other.numbers);
        self.scores.extend(other.scores);
        self.positions.extend(other.positions);
        self.noted.extend(other.noted);
    }

    /// Notes what the reader found in all rows.
    pub(super) fn note(&mut self, check: Check) {
        self.noted.iter_mut().for_each(|noted| noted.set(check, true));
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The pairs, if the rows are pairs.
    #[must_use]
    pub fn pairs(&self) -> &[PairExample] {
        match &self.rows {
            Rows::Pairs(pairs) => pairs,
            Rows::Labelled(_) | Rows::Completions(_) => &[],
        }
    }

    /// What the checks see of the rows. With `tokens`, rows have token counts.
    ///
    /// # Errors
    /// When a text cannot be tokenised.
    pub fn to_numbered(&self, tokens: Option<&TokenCounter<'_>>) -> Result<Vec<NumberedRow>> {
        let mut rows = match &self.rows {
            Rows::Pairs(pairs) => self.numbered(pairs, |at, pair| self.of_pair(at, pair)),
            Rows::Labelled(rows) => self.numbered(rows, |_, row| of_labelled(row)),
            Rows::Completions(rows) => self.numbered(rows, |at, row| self.of_completion(at, row)),
        };
        if let Some(tokens) = tokens {
            match &self.rows {
                Rows::Pairs(pairs) => tokens.count(pairs, &mut rows),
                Rows::Labelled(labelled) => tokens.count(labelled, &mut rows),
                Rows::Completions(completions) => tokens.count(completions, &mut rows),
            }?;
        }
        Ok(rows)
    }

    fn numbered<E>(&self, rows: &[E], row: impl Fn(usize, &E) -> Row) -> Vec<NumberedRow> {
        let numbered = rows.iter().zip(self.numbers.iter().zip(&self.noted)).enumerate();
        let numbered = numbered.map(|(at, (example, (number, noted)))| NumberedRow {
            number: *number,
            row: Row { noted: *noted, ..row(at, example) },
        });
        numbered.collect()
    }

    fn of_pair(&self, at: usize, pair: &PairExample) -> Row {
        let scores = self.scores.get(at).copied().flatten();
        let chosen_was_first = self.positions.get(at).copied().flatten();
        let (prompt, chosen, rejected) = match pair {
            Example::Plain(pair) => (text(&pair.prompt), text(&pair.chosen), text(&pair.rejected)),
            Example::Conversation(pair) => (turns(&pair.prompt), turns(&pair.chosen), turns(&pair.rejected)),
        };
        Row::new(prompt, Answers::Pair { chosen, rejected, scores, chosen_was_first })
    }

    fn of_completion(&self, at: usize, row: &CompletionExample) -> Row {
        let score = self.scores.get(at).copied().flatten().map(|[score, _]| score);
        let (prompt, answer) = match row {
            Example::Plain((prompt, completion)) => (text(prompt), text(completion)),
            Example::Conversation(row) => (turns(&row.prompt), turns(&row.completion)),
        };
        // A text without a prompt is no row with an empty prompt.
        let prompt = if prompt.iter().all(|turn| turn.text.is_empty()) { Vec::new() } else { prompt };
        Row::new(prompt, Answers::Text { text: answer, score })
    }
}

fn of_labelled(row: &UnpairedExample) -> Row {
    let (prompt, completion, label) = match row {
        Example::Plain(row) => (text(&row.prompt), text(&row.completion), row.label),
        Example::Conversation(row) => (turns(&row.prompt), turns(&row.completion), row.label),
    };
    Row::new(prompt, Answers::Labelled { completion, label })
}

fn text(text: &str) -> Vec<Turn> {
    vec![Turn::plain(text)]
}

/// The texts of messages. Of a list of parts, the texts are taken; a message that only calls functions counts with its calls.
fn turns(messages: &[Message]) -> Vec<Turn> {
    let text = |message: &Message| match message.fields().get("content") {
        Some(serde_json::Value::String(text)) if !text.is_empty() || !message.fields().contains_key("tool_calls") => {
            text.clone()
        }
        Some(serde_json::Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text").and_then(serde_json::Value::as_str));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => message.fields().get("tool_calls").map(ToString::to_string).unwrap_or_default(),
    };
    messages.iter().map(|message| Turn::message(message.role(), text(message))).collect()
}
