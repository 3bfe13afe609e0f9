use super::{JudgedText, JudgedTexts, JudgesError};
use crate::Result;
use align_choice::{Judge, ScoreTable};
use std::collections::HashMap;

/// Most texts for a prompt.
const MAX_TEXTS: usize = 2_000;

/// The greatest difference between scores of the same text, relative to their size or absolute: a model's scores depend on the other texts of a
/// batch by rounding errors, most of all in half precision.
const ROUNDING: f64 = 0.01;
const ABSOLUTE_ROUNDING: f64 = 1e-3;

/// The different texts of a prompt, and their scores.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedPrompt {
    prompt: String,
    texts: Vec<String>,
    repeated: usize,
    table: ScoreTable,
}

impl JudgedPrompt {
    /// The prompt.
    #[must_use]
    pub fn prompt(&self) -> &str {
        &self.prompt
    }

    /// The texts, which are the candidates of [`JudgedPrompt::table`].
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The number of rows that repeat an earlier text.
    #[must_use]
    pub fn repeated(&self) -> usize {
        self.repeated
    }

    /// The scores of the texts by the judges. The candidates are named by their rows.
    #[must_use]
    pub fn table(&self) -> &ScoreTable {
        &self.table
    }
}

/// A text, its first row, and its scores.
struct Candidate<'a> {
    row: usize,
    text: &'a str,
    scores: Vec<Option<f64>>,
}

#[derive(Default)]
struct Group<'a> {
    candidates: Vec<Candidate<'a>>,
    by_text: HashMap<&'a str, usize>,
    repeated: usize,
}

impl JudgedTexts {
    /// The texts by prompt. Prompts are in the order of their first row. Rows with the same prompt and text are one text, whose scores may differ
    /// by rounding only.
    ///
    /// # Errors
    /// Different scores of a judge for one text, or more than 2,000 texts for a prompt.
    pub fn prompts(&self) -> Result<Vec<JudgedPrompt>> {
        judged_prompts(self)
    }
}

fn judged_prompts(texts: &JudgedTexts) -> Result<Vec<JudgedPrompt>> {
    let mut by_prompt: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<(&str, Group<'_>)> = Vec::new();
    for (row, text) in (1..).zip(texts.rows()) {
        let index = *by_prompt.entry(&text.prompt).or_insert_with(|| {
            groups.push((&text.prompt, Group::default()));
            groups.len() - 1
        });
        if let Some((_, group)) = groups.get_mut(index) {
            group.add(row, text, texts)?;
        }
    }
    groups.into_iter().map(|(prompt, group)| group.finish(prompt, texts)).collect()
}

impl<'a> Group<'a> {
    fn add(&mut self, row: usize, text: &'a JudgedText, texts: &JudgedTexts) -> Result<()> {
        let earlier = self.by_text.get(text.text.as_str()).and_then(|at| self.candidates.get_mut(*at));
        let Some(earlier) = earlier else {
            self.by_text.insert(&text.text, self.candidates.len());
            self.candidates.push(Candidate { row, text: &text.text, scores: text.scores.clone() });
            return Ok(());
        };
        self.repeated += 1;
        for ((kept, score), judge) in earlier.scores.iter_mut().zip(&text.scores).zip(texts.judges()) {
            match (*kept, *score) {
                (Some(earlier_score), Some(score)) if !is_rounding(earlier_score, score) => {
                    let (origin, judge) = (texts.origin().to_owned(), judge.clone());
                    let earlier = earlier.row;
                    return Err(JudgesError::TwoScores { origin, row, judge, score, earlier, earlier_score }.into());
                }
                (None, score) => *kept = score,
                _ => {}
            }
        }
        Ok(())
    }

    fn finish(self, prompt: &str, texts: &JudgedTexts) -> Result<JudgedPrompt> {
        let count = self.candidates.len();
        if count > MAX_TEXTS {
            let row = self.candidates.first().map_or(0, |first| first.row);
            let origin = texts.origin().to_owned();
            return Err(JudgesError::TooManyTexts { origin, row, texts: count, most: MAX_TEXTS }.into());
        }
        let judges = texts.judges().iter().zip(texts.weights()).enumerate().map(|(at, (name, weight))| {
            let scores = self.candidates.iter().map(|candidate| candidate.scores.get(at).copied().flatten());
            Judge::with_abstentions(name, scores).weighted(*weight)
        });
        let names = self.candidates.iter().map(|candidate| format!("row {}", candidate.row));
        let table = ScoreTable::new(names, judges).map_err(|problem| texts.rule_error(problem))?;
        let texts = self.candidates.iter().map(|candidate| candidate.text.to_owned()).collect();
        Ok(JudgedPrompt { prompt: prompt.to_owned(), texts, repeated: self.repeated, table })
    }
}

fn is_rounding(a: f64, b: f64) -> bool {
    (a - b).abs() <= (ROUNDING * a.abs().max(b.abs())).max(ABSOLUTE_ROUNDING)
}
