//! The table that is scored.

use crate::Failure;
use crate::column_option::ColumnOption;
use crate::data_layout::Layout;
use align_data::tables::{AnyRows, Examples};
use align_data::{CompletionExample, Error, Texts};
use align_inference::{Judge, RewardModel};
use std::path::Path;

/// The data that can be scored without --pairs.
const LAYOUTS: [Layout; 5] =
    [Layout::Texts, Layout::ScoredTexts, Layout::LabelledTexts, Layout::Completions, Layout::Conversations];

/// Texts; or prompts with completions, or conversations, in a table of any columns.
pub enum Input {
    Texts(Texts),
    Rows(AnyRows, Vec<CompletionExample>),
}

impl Input {
    /// Reads texts if the file has a column `text`, and other rows otherwise.
    pub fn read(file: &Path, columns: &ColumnOption) -> Result<Self, Failure> {
        columns.read(&LAYOUTS, |names| match Texts::read_renamed(file, names) {
            Ok(texts) => Ok(Self::Texts(texts)),
            Err(no_texts @ (Error::MissingColumns { .. } | Error::ColumnNames { .. })) => {
                match Examples::<CompletionExample>::read_renamed(file, names) {
                    Ok(rows) => Ok(Self::Rows(AnyRows::read(file)?, rows.into_rows())),
                    Err(Error::MissingColumns { .. } | Error::ColumnNames { .. }) => Err(no_texts),
                    Err(other) => Err(other),
                }
            }
            Err(other) => Err(other),
        })
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Rows(_, rows) => rows.len(),
        }
    }

    pub fn logits(&self, model: &RewardModel) -> Result<Vec<Vec<f32>>, Failure> {
        Ok(match self {
            Self::Texts(texts) => model.logits(&texts.texts())?,
            Self::Rows(_, rows) => model.logits_of_rows(rows)?,
        })
    }

    pub fn scores(&self, judge: &dyn Judge) -> Result<Vec<f64>, Failure> {
        Ok(match self {
            Self::Texts(texts) => judge.scores_of_texts(&texts.texts())?,
            Self::Rows(_, rows) => judge.scores_of_rows(rows)?,
        })
    }

    /// The table with a column `score`.
    pub fn with_scores(self, scores: &[f64]) -> Result<Self, Failure> {
        Ok(match self {
            Self::Texts(texts) => Self::Texts(texts.with_scores(scores)?),
            Self::Rows(table, rows) => Self::Rows(table.with_column("score", scores)?, rows),
        })
    }

    /// The table with a further column of numbers.
    pub fn with_column(self, name: &str, numbers: &[f64]) -> Result<Self, Failure> {
        Ok(match self {
            Self::Texts(texts) => Self::Texts(texts.with_column(name, numbers)?),
            Self::Rows(table, rows) => Self::Rows(table.with_column(name, numbers)?, rows),
        })
    }

    pub fn write(&self, file: &Path, overwrite: bool) -> Result<(), Failure> {
        match self {
            Self::Texts(texts) => texts.write(file, overwrite)?,
            Self::Rows(table, _) => table.write(file, overwrite)?,
        }
        Ok(())
    }

    /// Whether each text has a prompt, from which pairs can be made.
    pub fn has_prompts(&self) -> bool {
        matches!(self, Self::Texts(texts) if texts.prompts().is_some())
    }
}
