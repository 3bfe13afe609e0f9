use super::columns::{Column, flag_column, flags_of, frame_of, text_column, texts_of};
use super::table::table;
use super::{PreferencePairs, pairs, read_raw};
use crate::{Result, UnpairedPreference};
use align_base::printable_path;
use polars_core::frame::DataFrame;
use std::path::Path;

const COLUMNS: &[Column] = &[Column::text("prompt"), Column::text("completion"), Column::flag("label")];

const ORIGIN: &str = "table of judged completions";

/// Judged completions: a prompt, one completion of it, and whether that is desirable.
#[derive(Debug, Clone)]
pub struct UnpairedPreferences {
    frame: DataFrame,
}

impl UnpairedPreferences {
    /// A table of rows.
    ///
    /// # Errors
    /// Only what polars refuses.
    pub fn from_rows(rows: &[UnpairedPreference]) -> Result<Self> {
        let labels: Vec<bool> = rows.iter().map(|row| row.label).collect();
        let columns = vec![
            text_column("prompt", rows.iter().map(|row| &row.prompt)),
            text_column("completion", rows.iter().map(|row| &row.completion)),
            flag_column("label", &labels),
        ];
        Self::from_frame(frame_of(rows.len(), columns, ORIGIN)?)
    }

    /// The rows.
    pub fn rows(&self) -> Vec<UnpairedPreference> {
        let texts = |name| texts_of(&self.frame, name).unwrap_or_default();
        let labels = flags_of(&self.frame, "label").unwrap_or_default();
        let rows = texts("prompt").into_iter().zip(texts("completion")).zip(labels);
        rows.map(|((prompt, completion), label)| UnpairedPreference::new(prompt, completion, label)).collect()
    }

    /// Reads judged completions; where the file has a column `chosen` or `rejected`, both completions of each of its pairs,
    /// the chosen one as desirable.
    ///
    /// # Errors
    /// As [`UnpairedPreferences::read`] and [`PreferencePairs::read`].
    pub fn read_or_unpair(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let frame = read_raw(path, &[pairs::COLUMNS, COLUMNS].concat())?;
        let origin = printable_path(path);
        if pairs::has_pairs(&frame) {
            Self::from_rows(&UnpairedPreference::from_pairs(&PreferencePairs::checked(frame, &origin)?.pairs()))
        } else {
            Self::checked(frame, &origin)
        }
    }
}

table!(UnpairedPreferences, COLUMNS, "table of judged completions");
