//! Tables of texts and of preference pairs, as polars frames with checked columns, in CSV, Parquet and JSON Lines.
//!
//! | table | columns |
//! | --- | --- |
//! | [`Texts`] | `text`, and `prompt` and `score` where there are any |
//! | [`ScoredTexts`] | `prompt`, `text`, `score` |
//! | [`PreferencePairs`] | `prompt`, `chosen`, `rejected`, and `chosen_score` and `rejected_score` where there are any |
//! | [`Completions`] | `prompt`, `completion` |
//! | [`UnpairedPreferences`] | `prompt`, `completion`, `label` (true or false, in any case; 1 or 0; yes or no) |
//! | [`LabelledTexts`] | `text`, `label` (a class by its number, from 0, or its name; of two classes also as true or false) |
//!
//! The columns of the notebook's files (`Prompt`, `Generated Text`, `Model Score`, and an index without a name) are
//! renamed to these and the index is dropped. Further columns of text, numbers or booleans are kept, after the table's
//! own; columns of other types (dates, lists, nested objects) are left out with a warning. A text may be empty but not
//! null, and scores are finite; the row that breaks this is named, counted from 1 without the header.
//!
//! All formats take the same values: in CSV everything is text; in Parquet a text may be of any text type, a dictionary's
//! (pandas' categories) or binary, if it is UTF-8. Blank lines of a CSV or JSON Lines file are skipped, as pandas does, and so is
//! a byte-order mark.
//!
//! The file's name decides the format: `.csv`, `.parquet` or `.jsonl`. Files are written through a temporary file, so
//! that they appear whole or not at all.

mod columns;
mod completions;
mod csv;
mod jsonl;
mod labelled_texts;
mod labels;
mod pairs;
mod parquet;
mod table;
mod texts;
mod unpaired;

pub use completions::{CompletionData, Completions};
pub use labelled_texts::LabelledTexts;
pub use pairs::PreferencePairs;
pub use texts::{ScoredTexts, Texts};
pub use unpaired::UnpairedPreferences;

use crate::atomic::{check_folder, place_error, write_file};
use crate::{Error, Result};
use align_base::files::read_file;
use align_base::printable_path;
use columns::{Column, check};
use polars_core::frame::DataFrame;
use std::path::Path;

/// What preference training can start from.
#[derive(Debug, Clone)]
pub enum PreferenceData {
    /// Pairs, ready to be tokenised.
    Pairs(PreferencePairs),
    /// Scored texts, still to be paired.
    Texts(ScoredTexts),
}

impl PreferenceData {
    /// Reads pairs where the file has a column `chosen` or `rejected`, scored texts otherwise.
    ///
    /// # Errors
    /// As [`PreferencePairs::read`] and [`ScoredTexts::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let frame = read_raw(path, &[pairs::COLUMNS, texts::SCORED_COLUMNS].concat())?;
        let origin = printable_path(path);
        if pairs::has_pairs(&frame) {
            Ok(Self::Pairs(PreferencePairs::checked(frame, &origin)?))
        } else {
            Ok(Self::Texts(ScoredTexts::checked(frame, &origin)?))
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Pairs(pairs) => pairs.is_empty(),
            Self::Texts(texts) => texts.is_empty(),
        }
    }
}

#[derive(Clone, Copy)]
enum Format {
    Csv,
    Parquet,
    JsonLines,
}

impl Format {
    fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("parquet") => Ok(Self::Parquet),
            Some("jsonl") => Ok(Self::JsonLines),
            other => Err(Error::Extension {
                path: path.to_owned(),
                found: other.map_or("none".to_owned(), |extension| format!(".{extension}")),
            }),
        }
    }
}

/// Whether a table can be written to `path`: for programs that would otherwise find out after hours of work.
///
/// # Errors
/// When the name ends in none of `.csv`, `.parquet` and `.jsonl`, the file exists and `overwrite` is false, or a file stands
/// where its folder should.
pub fn check_output(path: impl AsRef<Path>, overwrite: bool) -> Result<()> {
    let path = path.as_ref();
    Format::of(path)?;
    check_folder(path)?;
    align_base::files::check_file_place(path, overwrite).map_err(|e| place_error(path, e))
}

/// Largest table that is read, in bytes: all of it is held in memory, several times.
const FILE_LIMIT: u64 = 64 << 30;

/// Longest row of a text format, in bytes: a whole book fits. A tokeniser takes a hundred times a text's size.
const ROW_LIMIT: usize = 16 << 20;

/// A row that is too long, in words.
fn too_long(length: usize) -> String {
    format!("it has {length} bytes, a row may have {ROW_LIMIT}: divide its text into several rows")
}

/// A file's columns, unchecked; `columns` tells how to read those that the format gives no type.
fn read_raw(path: &Path, columns: &[Column]) -> Result<DataFrame> {
    let format = Format::of(path)?;
    let bytes = read_file(path, FILE_LIMIT).map_err(|e| Error::read(path, e))?;
    match format {
        Format::Csv => csv::read(path, bytes, columns),
        Format::Parquet => parquet::read(path, bytes, columns),
        Format::JsonLines => jsonl::read(path, &bytes, columns),
    }
}

/// A file as a table of the given columns, with the names of its classes where there are any.
fn read(path: &Path, columns: &[Column], classes: &[String]) -> Result<DataFrame> {
    check(read_raw(path, columns)?, &printable_path(path), columns, classes)
}

fn write(path: &Path, frame: &DataFrame, overwrite: bool) -> Result<()> {
    let format = Format::of(path)?;
    write_file(path, overwrite, |file| match format {
        Format::Csv => csv::write(path, file, frame),
        Format::Parquet => parquet::write(path, file, frame),
        Format::JsonLines => jsonl::write(path, file, frame),
    })
}
