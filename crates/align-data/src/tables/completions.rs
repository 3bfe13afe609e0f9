use super::column_names::ColumnNames;
use super::columns::Column;
use super::file::read_raw_table;
use super::raw_table::RawTable;
use super::table::{Row, Table};
use super::texts::{Text, Texts};
use super::value::Value;
use crate::Result;
use std::path::Path;

/// Prompts with one completion each, as `(prompt, completion)`.
pub type Completions = Table<(String, String)>;

impl Row for (String, String) {
    const TABLE: &'static str = "table of completions";

    const COLUMNS: &'static [Column] = &[Column::text("prompt"), Column::text("completion")];

    fn read_rows(raw: &mut RawTable) -> Result<Vec<Self>> {
        Ok(raw.texts("prompt")?.into_iter().zip(raw.texts("completion")?).collect())
    }

    fn value(&self, column: &str) -> Value<'_> {
        match column {
            "prompt" => Value::Text(&self.0),
            "completion" => Value::Text(&self.1),
            _ => Value::Null,
        }
    }
}

impl Table<(String, String)> {
    /// Reads prompts and completions. If the file has no column `completion`, each text becomes the completion of an
    /// empty prompt.
    ///
    /// # Errors
    /// As [`Completions::read`] and [`Texts::read`].
    pub fn read_or_texts(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_or_texts_renamed(path, &ColumnNames::default())
    }

    /// Reads a file like [`Completions::read_or_texts`], in which columns have other names.
    ///
    /// # Errors
    /// As [`Completions::read_renamed`].
    pub fn read_or_texts_renamed(path: impl AsRef<Path>, names: &ColumnNames) -> Result<Self> {
        let (completions, texts): (&[Column], _) = (<(String, String)>::COLUMNS, Text::COLUMNS);
        let raw = read_raw_table(path.as_ref(), &[completions, texts].concat(), names)?;
        raw.require_any(&["completion", "text"], &[completions, texts])?;
        if raw.has("completion") {
            return Self::from_raw(raw);
        }
        let texts = Texts::from_raw(raw)?.into_rows();
        Self::from_rows(texts.into_iter().map(|row| (String::new(), row.text)).collect())
    }
}
