use super::columns::Column;
use super::file::read_raw;
use super::pairs::{PreferencePairs, has_pairs};
use super::raw::Raw;
use super::table::{Row, Table};
use super::value::Value;
use crate::{PreferencePair, Result, UnpairedPreference};
use std::path::Path;

/// Judged completions: a prompt, one completion of it, and whether that is desirable.
pub type UnpairedPreferences = Table<UnpairedPreference>;

impl Row for UnpairedPreference {
    const TABLE: &'static str = "table of judged completions";

    const COLUMNS: &'static [Column] = &[Column::text("prompt"), Column::text("completion"), Column::flag("label")];

    fn rows(raw: &mut Raw) -> Result<Vec<Self>> {
        let (prompts, completions, labels) = (raw.texts("prompt")?, raw.texts("completion")?, raw.flags("label")?);
        let rows = prompts.into_iter().zip(completions).zip(labels);
        Ok(rows.map(|((prompt, completion), label)| Self { prompt, completion, label }).collect())
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
    /// Reads judged completions; where the file has a column `chosen` or `rejected`, both completions of each of its pairs,
    /// the chosen one as desirable.
    ///
    /// # Errors
    /// As [`UnpairedPreferences::read`] and [`PreferencePairs::read`].
    pub fn read_or_unpair(path: impl AsRef<Path>) -> Result<Self> {
        let raw = read_raw(path.as_ref(), &[PreferencePair::COLUMNS, UnpairedPreference::COLUMNS].concat())?;
        match has_pairs(&raw) {
            true => Self::from_rows(UnpairedPreference::from_pairs(PreferencePairs::from_raw(raw)?.rows())),
            false => Self::from_raw(raw),
        }
    }
}
