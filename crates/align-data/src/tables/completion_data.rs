use super::column_names::ColumnNames;
use super::columns::Column;
use super::completions::Completions;
use super::file::read_raw_table;
use super::pairs::{PreferencePairs, has_pairs};
use super::table::Row;
use crate::{PreferencePair, Result};
use std::path::Path;

/// Completions to compute log-probabilities of.
#[derive(Debug, Clone)]
pub enum CompletionData {
    /// Two completions per prompt.
    Pairs(PreferencePairs),
    /// One completion per prompt.
    Completions(Completions),
}

impl CompletionData {
    /// Reads pairs if the file has a column `chosen` or `rejected`, and single completions otherwise.
    ///
    /// # Errors
    /// As [`PreferencePairs::read`] and [`Completions::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_renamed(path, &ColumnNames::default())
    }

    /// Reads a file like [`CompletionData::read`], in which columns have other names.
    ///
    /// # Errors
    /// As [`PreferencePairs::read_renamed`].
    pub fn read_renamed(path: impl AsRef<Path>, names: &ColumnNames) -> Result<Self> {
        let (pairs, completions): (_, &[Column]) = (PreferencePair::COLUMNS, <(String, String)>::COLUMNS);
        let raw = read_raw_table(path.as_ref(), &[pairs, completions].concat(), names)?;
        raw.require_any(&["chosen", "rejected", "completion"], &[pairs, completions])?;
        match has_pairs(&raw) {
            true => PreferencePairs::from_raw(raw).map(Self::Pairs),
            false => Completions::from_raw(raw).map(Self::Completions),
        }
    }
}
