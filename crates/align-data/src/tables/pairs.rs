use super::columns::{Column, check, frame_of, number_column, numbers_of, text_column, texts_of};
use super::{read, write};
use crate::{PreferencePair, Result};
use polars_core::frame::DataFrame;
use std::path::Path;

pub(super) const COLUMNS: &[Column] = &[
    Column::text("prompt"),
    Column::text("chosen"),
    Column::text("rejected"),
    Column::number("chosen_score").optional(),
    Column::number("rejected_score").optional(),
];

/// Whether a file's columns are meant as pairs.
pub(super) fn has_pairs(frame: &DataFrame) -> bool {
    frame.get_column_names().iter().any(|name| matches!(name.as_str(), "chosen" | "rejected"))
}

/// Preference pairs: of two texts for one prompt, the chosen and the rejected one.
#[derive(Debug, Clone)]
pub struct PreferencePairs {
    frame: DataFrame,
}

impl PreferencePairs {
    /// A table of pairs; it has columns of scores where every pair has them.
    ///
    /// # Errors
    /// When a score is not finite.
    pub fn from_pairs(pairs: &[PreferencePair]) -> Result<Self> {
        let mut columns = vec![
            text_column("prompt", pairs.iter().map(|pair| &pair.prompt)),
            text_column("chosen", pairs.iter().map(|pair| &pair.chosen)),
            text_column("rejected", pairs.iter().map(|pair| &pair.rejected)),
        ];
        let chosen: Option<Vec<f64>> = pairs.iter().map(|pair| pair.chosen_score).collect();
        let rejected: Option<Vec<f64>> = pairs.iter().map(|pair| pair.rejected_score).collect();
        columns.extend(chosen.map(|scores| number_column("chosen_score", &scores)));
        columns.extend(rejected.map(|scores| number_column("rejected_score", &scores)));
        Self::from_frame(frame_of(pairs.len(), columns, ORIGIN)?)
    }

    /// A polars frame with the columns `prompt`, `chosen` and `rejected`, and the scores where there are any.
    ///
    /// # Errors
    /// When a column is missing or holds what it must not.
    pub fn from_frame(frame: DataFrame) -> Result<Self> {
        Self::checked(frame, ORIGIN)
    }

    pub(super) fn checked(frame: DataFrame, origin: &str) -> Result<Self> {
        Ok(Self { frame: check(frame, origin, COLUMNS)? })
    }

    /// Reads a CSV, Parquet or JSON Lines file.
    ///
    /// # Errors
    /// When it cannot be read, a column is missing, or a row holds what it must not.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { frame: read(path.as_ref(), COLUMNS)? })
    }

    /// Writes a CSV, Parquet or JSON Lines file.
    ///
    /// # Errors
    /// When the file exists and `overwrite` is false, its name ends in none of the three, or it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>, overwrite: bool) -> Result<()> {
        write(path.as_ref(), &self.frame, overwrite)
    }

    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pairs.
    pub fn pairs(&self) -> Vec<PreferencePair> {
        let texts = |name| texts_of(&self.frame, name).unwrap_or_default();
        let scores = |name| numbers_of(&self.frame, name).unwrap_or_default();
        let (chosen_scores, rejected_scores) = (scores("chosen_score"), scores("rejected_score"));
        let rows = texts("prompt").into_iter().zip(texts("chosen")).zip(texts("rejected")).enumerate();
        rows.map(|(row, ((prompt, chosen), rejected))| PreferencePair {
            chosen_score: chosen_scores.get(row).copied(),
            rejected_score: rejected_scores.get(row).copied(),
            ..PreferencePair::new(prompt, chosen, rejected)
        })
        .collect()
    }

    /// The polars frame.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// The polars frame, taken out.
    pub fn into_frame(self) -> DataFrame {
        self.frame
    }
}

const ORIGIN: &str = "table of pairs";
