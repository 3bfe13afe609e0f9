use super::column_names::ColumnNames;
use super::columns::Column;
use super::file::read_raw_table;
use super::raw_table::RawTable;
use super::table::{Row, Table};
use super::value::Value;
use crate::{Error, Result};
use std::path::Path;

/// A text and its class label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledText {
    /// The text.
    pub text: String,
    /// The class index, from 0.
    pub label: i64,
}

/// Texts with class labels, for training classifiers.
pub type LabelledTexts = Table<LabelledText>;

impl Row for LabelledText {
    const TABLE: &'static str = "table of labelled texts";

    const COLUMNS: &'static [Column] = &[Column::text("text"), Column::class("label")];

    fn read_rows(raw: &mut RawTable) -> Result<Vec<Self>> {
        let rows = raw.texts("text")?.into_iter().zip(raw.classes("label")?);
        Ok(rows.map(|(text, label)| Self { text, label }).collect())
    }

    fn value(&self, column: &str) -> Value<'_> {
        match column {
            "text" => Value::Text(&self.text),
            "label" => Value::Int(self.label),
            _ => Value::Null,
        }
    }
}

impl Table<LabelledText> {
    /// Creates a table of texts and labels.
    ///
    /// # Errors
    /// When the numbers of texts and labels differ, or a label is negative.
    pub fn new<S: AsRef<str>>(texts: &[S], labels: &[i64]) -> Result<Self> {
        if texts.len() != labels.len() {
            return Err(Error::Length { column: "label".to_owned(), expected: texts.len(), found: labels.len() });
        }
        let rows = texts.iter().zip(labels);
        Self::from_rows(rows.map(|(text, &label)| LabelledText { text: text.as_ref().to_owned(), label }).collect())
    }

    /// Reads a file whose labels may also be class names. `names` lists them by class index, like `id2label` in a
    /// model's config.
    ///
    /// A number is always a class index. A name matches in any case if the match is unique. With two classes, true and
    /// yes mean class 1, false and no mean class 0.
    ///
    /// # Errors
    /// As [`LabelledTexts::read`], and when a number is not a class index.
    pub fn read_classes(path: impl AsRef<Path>, names: &[String]) -> Result<Self> {
        Self::read_classes_renamed(path, names, &ColumnNames::default())
    }

    /// Reads a file like [`LabelledTexts::read_classes`], in which columns have other names.
    ///
    /// # Errors
    /// As [`LabelledTexts::read_classes`], and as [`LabelledTexts::read_renamed`].
    pub fn read_classes_renamed(path: impl AsRef<Path>, classes: &[String], names: &ColumnNames) -> Result<Self> {
        let mut raw = read_raw_table(path.as_ref(), LabelledText::COLUMNS, names)?;
        raw.classes = classes.to_vec();
        Self::from_raw(raw)
    }

    /// The texts, one per row.
    pub fn texts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.text.as_str()).collect()
    }

    /// The class labels, one per row.
    pub fn labels(&self) -> Vec<i64> {
        self.rows.iter().map(|row| row.label).collect()
    }
}
