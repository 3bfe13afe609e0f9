//! Rows to train on, in every form that data sets have.

mod alpaca;
mod completions;
mod implicit_prompt;
mod numbered_pairs;
mod pairs;
mod prompts;
mod reward_pairs;
mod share_gpt;
mod template_inputs;
mod unpaired;

pub use numbered_pairs::NumberedRow;

use super::column_names::ColumnNames;
use super::columns::Column;
use super::file::read_raw_table;
use super::raw_table::RawTable;
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Rows to train on that were read from files: plain texts, or conversations.
///
/// | rows | columns |
/// | --- | --- |
/// | [`PairExample`](crate::PairExample) | `prompt` (or none, if both sides begin with it), `chosen`, `rejected`; or `conversations` with `chosen` and `rejected`; or `instruction`, `input`, `chosen`, `rejected` |
/// | [`RewardExample`](crate::RewardExample) | those of pairs, and optionally `margin` |
/// | [`UnpairedExample`](crate::UnpairedExample) | `prompt`, `completion`, `label`; or `messages` and `label`; or `instruction`, `input`, `output`, `label`; or those of pairs |
/// | [`CompletionExample`](crate::CompletionExample) | `messages`; or `conversations`; or `prompt`, `completion`; or `text`; or `instruction`, `input`, `output` |
///
/// `prompt`, `chosen`, `rejected` and `completion` hold texts or lists of messages with `role` and `content`, or with
/// `from` and `value` as in ShareGPT. `tools` and `chat_template_kwargs` are given to the chat template.
///
/// ```
/// use align_data::PairExample;
/// use align_data::tables::Examples;
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("pairs.jsonl");
/// std::fs::write(&file, r#"{"chosen": "Was it fun? Yes!", "rejected": "Was it fun? No."}"#)?;
/// let pairs = Examples::<PairExample>::read(&file)?;
/// assert_eq!(pairs.rows()[0].as_plain().map(|pair| pair.prompt.as_str()), Some("Was it fun?"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Examples<E> {
    rows: Vec<E>,
    notes: Vec<String>,
    files: Vec<PathBuf>,
}

/// A row that [`Examples`] can read.
pub trait ExampleRow: Sized {
    /// The columns that the rows are made of, in any layout.
    fn columns() -> Vec<Column>;

    /// Takes the rows out of a table. Adds to `notes` what is not obvious about the layout.
    ///
    /// # Errors
    /// When columns are missing or a value is invalid.
    fn read_rows(raw: &mut RawTable, notes: &mut Vec<String>) -> Result<Vec<Self>>;

    /// Whether the row is a conversation.
    fn is_conversation(&self) -> bool;
}

impl<E: ExampleRow> Examples<E> {
    /// Reads a file.
    ///
    /// # Errors
    /// When the file cannot be read, a column is missing, or a value is invalid.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_renamed(path, &ColumnNames::default())
    }

    /// Reads a file in which columns have other names.
    ///
    /// # Errors
    /// As [`Examples::read`], and when a name is not one of the rows' or the file's.
    pub fn read_renamed(path: impl AsRef<Path>, names: &ColumnNames) -> Result<Self> {
        Self::from_raw(path.as_ref(), read_raw_table(path.as_ref(), &E::columns(), names)?)
    }

    /// Reads several files, whose rows follow each other.
    ///
    /// # Errors
    /// As [`Examples::read_renamed`], and when one file holds texts and another conversations.
    pub fn read_files<P: AsRef<Path>>(paths: &[P], names: &ColumnNames) -> Result<Self> {
        let mut all = Self { rows: Vec::new(), notes: Vec::new(), files: Vec::new() };
        for path in paths {
            all.append(Self::read_renamed(path, names)?)?;
        }
        Ok(all)
    }

    pub(super) fn from_raw(path: &Path, mut raw: RawTable) -> Result<Self> {
        let mut notes = Vec::new();
        let rows = E::read_rows(&mut raw, &mut notes)?;
        Ok(Self { rows, notes, files: vec![path.to_owned()] })
    }

    pub(super) fn append(&mut self, other: Self) -> Result<()> {
        let forms = (self.rows.first().map(E::is_conversation), other.rows.first().map(E::is_conversation));
        if let (Some(first), Some(second)) = forms
            && first != second
        {
            let form = |is_conversation| if is_conversation { "conversations" } else { "plain texts" };
            let path = |examples: &Self| examples.files.first().cloned().unwrap_or_default();
            return Err(Error::MixedFormats {
                path: path(&other),
                found: form(second),
                first: path(self),
                expected: form(first),
            });
        }
        self.rows.extend(other.rows);
        self.notes.extend(other.notes.into_iter().filter(|note| !self.notes.contains(note)).collect::<Vec<_>>());
        self.files.extend(other.files);
        Ok(())
    }

    /// The rows.
    pub fn rows(&self) -> &[E] {
        &self.rows
    }

    /// Converts the examples into their rows.
    pub fn into_rows(self) -> Vec<E> {
        self.rows
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What is not obvious about the layout of the files, in words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The files that were read.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

/// Adds a note unless it is there.
fn note(notes: &mut Vec<String>, text: &str) {
    if !notes.iter().any(|note| note == text) {
        notes.push(text.to_owned());
    }
}
