use super::PreferencePairs;
use super::columns::{Column, frame_of, number_column, numbers_of, text_column, texts_of};
use super::table::table;
use crate::pairing::{PairOptions, PairingReport, pair};
use crate::{Error, Result, ScoredText};
use polars_core::frame::DataFrame;
use polars_core::prelude::Column as Series;

pub(super) const COLUMNS: &[Column] =
    &[Column::text("prompt").optional(), Column::text("text"), Column::number("score").optional()];

pub(super) const SCORED_COLUMNS: &[Column] = &[Column::text("prompt"), Column::text("text"), Column::number("score")];

/// Texts, with the prompts that they answer and their scores where these are known.
#[derive(Debug, Clone)]
pub struct Texts {
    frame: DataFrame,
}

impl Texts {
    /// Texts and the prompts that they answer, as generation gives them.
    ///
    /// # Errors
    /// When there are not as many prompts as texts.
    pub fn new<S: AsRef<str>, T: AsRef<str>>(prompts: &[S], texts: &[T]) -> Result<Self> {
        same_length("prompt", texts.len(), prompts.len())?;
        let columns = vec![text_column("prompt", prompts), text_column("text", texts)];
        Ok(Self { frame: frame_of(texts.len(), columns, ORIGIN)? })
    }

    /// The texts, one a row.
    pub fn texts(&self) -> Vec<&str> {
        texts_of(&self.frame, "text").unwrap_or_default()
    }

    /// The prompts, one a row, where the table has them.
    pub fn prompts(&self) -> Option<Vec<&str>> {
        texts_of(&self.frame, "prompt")
    }

    /// The scores, one a row, where the table has them.
    pub fn scores(&self) -> Option<Vec<f64>> {
        numbers_of(&self.frame, "score")
    }

    /// The same rows with these scores, in place of any that were there.
    ///
    /// # Errors
    /// When there is not one score a row, or one is not finite.
    pub fn with_scores(self, scores: &[f64]) -> Result<Self> {
        Self::from_frame(self.with_numbers("score", scores)?.frame)
    }

    /// The same rows with a further column of numbers, such as a logit; it replaces a column of the same name.
    ///
    /// # Errors
    /// When there is not one number a row, or the name is one of the table's own columns.
    pub fn with_column(self, name: &str, numbers: &[f64]) -> Result<Self> {
        if COLUMNS.iter().any(|column| column.name == name) {
            return Err(Error::Option {
                option: "name",
                expected: "a name other than prompt, text and score".to_owned(),
                found: format!("{name:?}"),
            });
        }
        self.with_numbers(name, numbers)
    }

    fn with_numbers(self, name: &str, numbers: &[f64]) -> Result<Self> {
        same_length(name, self.len(), numbers.len())?;
        let height = self.len();
        let mut columns: Vec<Series> = self.frame.into_columns();
        let new = number_column(name, numbers);
        match columns.iter_mut().find(|column| column.name() == name) {
            Some(column) => *column = new,
            None => columns.push(new),
        }
        Ok(Self { frame: frame_of(height, columns, ORIGIN)? })
    }

    /// The rows as scored texts.
    ///
    /// # Errors
    /// When the table has no prompts or no scores.
    pub fn scored(self) -> Result<ScoredTexts> {
        ScoredTexts::from_frame(self.frame)
    }
}

/// Texts with the prompts that they answer and a score each: what pairs are made of.
#[derive(Debug, Clone)]
pub struct ScoredTexts {
    frame: DataFrame,
}

impl ScoredTexts {
    /// A table of rows.
    ///
    /// # Errors
    /// When a score is not finite.
    pub fn from_rows(rows: &[ScoredText]) -> Result<Self> {
        let scores: Vec<f64> = rows.iter().map(|row| row.score).collect();
        let columns = vec![
            text_column("prompt", rows.iter().map(|row| &row.prompt)),
            text_column("text", rows.iter().map(|row| &row.text)),
            number_column("score", &scores),
        ];
        Self::from_frame(frame_of(rows.len(), columns, ORIGIN)?)
    }

    /// The prompts, one a row.
    pub fn prompts(&self) -> Vec<&str> {
        texts_of(&self.frame, "prompt").unwrap_or_default()
    }

    /// The texts, one a row.
    pub fn texts(&self) -> Vec<&str> {
        texts_of(&self.frame, "text").unwrap_or_default()
    }

    /// The scores, one a row.
    pub fn scores(&self) -> Vec<f64> {
        numbers_of(&self.frame, "score").unwrap_or_default()
    }

    /// The rows.
    pub fn rows(&self) -> Vec<ScoredText> {
        let texts = self.prompts().into_iter().zip(self.texts());
        texts.zip(self.scores()).map(|((prompt, text), score)| ScoredText::new(prompt, text, score)).collect()
    }

    /// Pairs the texts of each prompt, as [`pair`] does.
    ///
    /// # Errors
    /// When an option is invalid or there would be too many pairs.
    pub fn pair(&self, options: &PairOptions) -> Result<(PreferencePairs, PairingReport)> {
        let (pairs, report) = pair(&self.rows(), options)?;
        Ok((PreferencePairs::from_pairs(&pairs)?, report))
    }
}

table!(Texts, COLUMNS, "table of texts");
table!(ScoredTexts, SCORED_COLUMNS, "table of scored texts");

const ORIGIN: &str = "table of texts";

fn same_length(column: &str, expected: usize, found: usize) -> Result<()> {
    if expected == found { Ok(()) } else { Err(Error::Length { column: column.to_owned(), expected, found }) }
}
