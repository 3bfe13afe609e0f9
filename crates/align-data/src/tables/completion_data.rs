use super::column_names::ColumnNames;
use super::columns::Column;
use super::examples::{ExampleRow, Examples};
use super::file::read_raw_table;
use super::pairs::has_pairs;
use super::table::Row;
use crate::{CompletionExample, PairExample, PreferencePair, Result};
use std::path::Path;

/// Completions to compute log-probabilities of: texts or conversations.
#[derive(Debug, Clone)]
pub enum CompletionData {
    /// Two completions per prompt.
    Pairs(Examples<PairExample>),
    /// One completion per prompt, or whole conversations.
    Completions(Examples<CompletionExample>),
}

impl CompletionData {
    /// Reads pairs if the file has a column `chosen` or `rejected`, and single completions or conversations otherwise.
    ///
    /// # Errors
    /// As [`Examples::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_renamed(path, &ColumnNames::default())
    }

    /// Reads a file like [`CompletionData::read`], in which columns have other names.
    ///
    /// # Errors
    /// As [`Examples::read_renamed`].
    pub fn read_renamed(path: impl AsRef<Path>, names: &ColumnNames) -> Result<Self> {
        let path = path.as_ref();
        let mut columns = PairExample::columns();
        let others = CompletionExample::columns().into_iter();
        columns.extend(others.filter(|other| !PairExample::columns().iter().any(|own| own.name == other.name)));
        let optional: Vec<Column> = columns.into_iter().map(Column::optional).collect();
        let raw = read_raw_table(path, &optional, names)?;
        let any = ["chosen", "rejected", "completion", "messages", "conversations", "instruction"];
        raw.require_any(&any, &[PreferencePair::COLUMNS, <(String, String)>::COLUMNS])?;
        match has_pairs(&raw) {
            true => Examples::from_raw(path, raw).map(Self::Pairs),
            false => Examples::from_raw(path, raw).map(Self::Completions),
        }
    }
}
