use super::columns::Column;
use super::file::read_raw;
use super::raw::Raw;
use super::table::{Row, Table};
use super::value::Value;
use crate::{Error, Result};
use std::path::Path;

/// A text and its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledText {
    /// The text.
    pub text: String,
    /// The class's number, from 0.
    pub label: i64,
}

/// Texts and the class of each, as classifiers are trained on.
pub type LabelledTexts = Table<LabelledText>;

impl Row for LabelledText {
    const TABLE: &'static str = "table of labelled texts";

    const COLUMNS: &'static [Column] = &[Column::text("text"), Column::class("label")];

    fn rows(raw: &mut Raw) -> Result<Vec<Self>> {
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
    /// A table of texts and their classes.
    ///
    /// # Errors
    /// When there is not one label a text, or one is negative.
    pub fn new<S: AsRef<str>>(texts: &[S], labels: &[i64]) -> Result<Self> {
        if texts.len() != labels.len() {
            return Err(Error::Length { column: "label".to_owned(), expected: texts.len(), found: labels.len() });
        }
        let rows = texts.iter().zip(labels);
        Self::from_rows(rows.map(|(text, &label)| LabelledText { text: text.as_ref().to_owned(), label }).collect())
    }

    /// Reads a file whose labels may also be these names of the classes, in their order; a model's config has them as `id2label`.
    ///
    /// A number is always a class's number. A name counts in any case, where that names one class. Of two classes the second is
    /// also true, yes.
    ///
    /// # Errors
    /// As [`LabelledTexts::read`], and a number that no class has.
    pub fn read_classes(path: impl AsRef<Path>, names: &[String]) -> Result<Self> {
        let mut raw = read_raw(path.as_ref(), LabelledText::COLUMNS)?;
        raw.classes = names.to_vec();
        Self::from_raw(raw)
    }

    /// The texts, one a row.
    pub fn texts(&self) -> Vec<&str> {
        self.rows.iter().map(|row| row.text.as_str()).collect()
    }

    /// The classes, one a row.
    pub fn labels(&self) -> Vec<i64> {
        self.rows.iter().map(|row| row.label).collect()
    }
}
