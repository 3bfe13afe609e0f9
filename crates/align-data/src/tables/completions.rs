use super::columns::{Column, check, frame_of, text_column, texts_of};
use super::{PreferencePairs, pairs, read, read_raw, write};
use crate::Result;
use polars_core::frame::DataFrame;
use std::path::Path;

const COLUMNS: &[Column] = &[Column::text("prompt"), Column::text("completion")];

const ORIGIN: &str = "table of completions";

/// Prompts and one completion of each.
#[derive(Debug, Clone)]
pub struct Completions {
    frame: DataFrame,
}

impl Completions {
    /// A table of `(prompt, completion)` rows.
    ///
    /// # Errors
    /// Only what polars refuses.
    pub fn from_rows<P: AsRef<str>, C: AsRef<str>>(rows: &[(P, C)]) -> Result<Self> {
        let columns = vec![
            text_column("prompt", rows.iter().map(|(prompt, _)| prompt)),
            text_column("completion", rows.iter().map(|(_, completion)| completion)),
        ];
        Self::from_frame(frame_of(rows.len(), columns, ORIGIN)?)
    }

    /// A polars frame with the columns `prompt` and `completion`.
    ///
    /// # Errors
    /// When a column is missing or holds what it must not.
    pub fn from_frame(frame: DataFrame) -> Result<Self> {
        Ok(Self { frame: check(frame, ORIGIN, COLUMNS)? })
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

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows as `(prompt, completion)`.
    pub fn rows(&self) -> Vec<(&str, &str)> {
        let texts = |name| texts_of(&self.frame, name).unwrap_or_default();
        texts("prompt").into_iter().zip(texts("completion")).collect()
    }
}

/// What log-probabilities can be asked of.
#[derive(Debug, Clone)]
pub enum CompletionData {
    /// Two completions a prompt.
    Pairs(PreferencePairs),
    /// One completion a prompt.
    Completions(Completions),
}

impl CompletionData {
    /// Reads pairs where the file has a column `chosen` or `rejected`, single completions otherwise.
    ///
    /// # Errors
    /// As [`PreferencePairs::read`] and [`Completions::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let frame = read_raw(path, &[pairs::COLUMNS, COLUMNS].concat())?;
        let origin = path.display().to_string();
        if pairs::has_pairs(&frame) {
            Ok(Self::Pairs(PreferencePairs::checked(frame, &origin)?))
        } else {
            Ok(Self::Completions(Completions { frame: check(frame, &origin, COLUMNS)? }))
        }
    }
}
