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
        let completions: &[Column] = <(String, String)>::COLUMNS;
        let raw = read_raw_table(path.as_ref(), &[PreferencePair::COLUMNS, completions].concat())?;
        match has_pairs(&raw) {
            true => PreferencePairs::from_raw(raw).map(Self::Pairs),
            false => Completions::from_raw(raw).map(Self::Completions),
        }
    }
}
