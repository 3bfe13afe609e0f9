use super::columns::{Column, class_column, classes_of, frame_of, text_column, texts_of};
use super::table::table;
use crate::{Error, Result};
use polars_core::frame::DataFrame;
use std::path::Path;

const COLUMNS: &[Column] = &[Column::text("text"), Column::class("label")];

const ORIGIN: &str = "table of labelled texts";

/// Texts and the class of each, as classifiers are trained on.
#[derive(Debug, Clone)]
pub struct LabelledTexts {
    frame: DataFrame,
}

impl LabelledTexts {
    /// A table of texts and their classes.
    ///
    /// # Errors
    /// When there is not one label a text, or one is negative.
    pub fn new<S: AsRef<str>>(texts: &[S], labels: &[i64]) -> Result<Self> {
        if texts.len() != labels.len() {
            return Err(Error::Length { column: "label".to_owned(), expected: texts.len(), found: labels.len() });
        }
        let columns = vec![text_column("text", texts), class_column("label", labels)];
        Self::from_frame(frame_of(texts.len(), columns, ORIGIN)?)
    }

    /// Reads a file whose labels may also be these names of the classes, in their order; a model's config has them as `id2label`.
    ///
    /// A number is always a class's number. A name counts in any case, where that names one class. Of two classes the second is
    /// also true, yes.
    ///
    /// # Errors
    /// As [`LabelledTexts::read`], and a number that no class has.
    pub fn read_classes(path: impl AsRef<Path>, names: &[String]) -> Result<Self> {
        Ok(Self { frame: super::read(path.as_ref(), COLUMNS, names)? })
    }

    /// The texts, one a row.
    pub fn texts(&self) -> Vec<&str> {
        texts_of(&self.frame, "text").unwrap_or_default()
    }

    /// The classes, one a row.
    pub fn labels(&self) -> Vec<i64> {
        classes_of(&self.frame, "label").unwrap_or_default()
    }
}

table!(LabelledTexts, COLUMNS, "table of labelled texts");
