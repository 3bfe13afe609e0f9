use super::column_names::ColumnNames;
use super::columns::Column;
use super::file::read_raw_table;
use super::pairs::{PreferencePairs, has_pairs};
use super::raw_table::RawTable;
use super::table::{Row, Table};
use super::value::Value;
use crate::{PreferencePair, Result, UnpairedPreference};
use std::path::Path;

/// Unpaired preferences, as KTO uses them: a prompt, a completion and whether the completion is desirable.
pub type UnpairedPreferences = Table<UnpairedPreference>;

impl Row for UnpairedPreference {
    const TABLE: &'static str = "table of judged completions";

    const COLUMNS: &'static [Column] = &[Column::text("prompt"), Column::text("completion"), Column::boolean("label")];

    fn read_rows(raw: &mut RawTable) -> Result<Vec<Self>> {
        let (prompts, completions, labels) = (raw.texts("prompt")?, raw.texts("completion")?, raw.booleans("label")?);
        let rows = prompts.into_iter().zip(completions).zip(labels);
        Ok(rows.map(|((prompt, completion), label)| Self::new(prompt, completion, label)).collect())
    }

    fn value(&self, column: &str) -> Value<'_> {
        match column {
            "prompt" => Value::Text(&self.prompt),
            "completion" => Value::Text(&self.completion),
            "label" => Value::Bool(self.label),
            _ => Value::Null,
        }
    }
}

impl Table<UnpairedPreference> {
    /// Reads unpaired preferences. If the file has a column `chosen` or `rejected`, each pair becomes two rows: the
    /// chosen completion is desirable, the rejected one is not.
    ///
    /// # Errors
    /// As [`UnpairedPreferences::read`] and [`PreferencePairs::read`].
    pub fn read_or_unpair(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_or_unpair_renamed(path, &ColumnNames::default())
    }

    /// Reads a file like [`UnpairedPreferences::read_or_unpair`], in which columns have other names.
    ///
    /// # Errors
    /// As [`UnpairedPreferences::read_renamed`].
    pub fn read_or_unpair_renamed(path: impl AsRef<Path>, names: &ColumnNames) -> Result<Self> {
        let (pairs, unpaired) = (PreferencePair::COLUMNS, UnpairedPreference::COLUMNS);
        let raw = read_raw_table(path.as_ref(), &[pairs, unpaired].concat(), names)?;
        raw.require_any(&["chosen", "rejected", "completion", "label"], &[unpaired, pairs])?;
        match has_pairs(&raw) {
            true => Self::from_rows(UnpairedPreference::from_pairs(PreferencePairs::from_raw(raw)?.rows())),
            false => Self::from_raw(raw),
        }
    }
}
