//! Examples of files, a block of rows at a time.

mod layout;
pub(in crate::tables) mod lines;

use super::column_names::ColumnNames;
use super::columns::{Column, with_numbers};
#[cfg(feature = "tables")]
use super::compression::inner_name;
use super::examples::{ExampleRow, Examples, NumberedRow};
use super::format::Format;
use super::jsonl::{may_be_array, read_block};
#[cfg(feature = "tables")]
use super::parquet::RowGroups;
use super::raw_table::RawTable;
use crate::streaming::StreamingError;
use crate::{Error, PairNumber, Result};
use align_base::printable_path;
use layout::Layout;
use lines::Lines;
use std::fmt;
use std::path::{Path, PathBuf};

/// Reads the rows of [`Examples`] in blocks, so that memory is bounded by a block. JSON Lines files, also compressed, are read by lines:
/// 4,096 lines or 4 MiB at a time. Parquet files are read by row groups.
///
/// The rows are those that [`Examples::read_files`] reads, in the same order, and errors have the same numbers of rows and lines. All rows
/// of a file must have the layout of its first block: the same columns, and all texts or all conversations.
///
/// ```
/// use align_data::PairExample;
/// use align_data::tables::{ColumnNames, ExampleBlocks};
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("pairs.jsonl");
/// std::fs::write(&file, r#"{"prompt": "Was it fun?", "chosen": " Yes!", "rejected": " No."}"#)?;
/// let mut blocks = ExampleBlocks::<PairExample>::open(&[file], &ColumnNames::default())?;
/// assert_eq!(blocks.next_block()?.map(|rows| rows.len()), Some(1));
/// assert!(blocks.next_block()?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ExampleBlocks<E> {
    files: Vec<PathBuf>,
    names: ColumnNames,
    columns: Vec<Column>,
    numbers: Vec<PairNumber>,
    examples_of: fn(&Path, RawTable, &[PairNumber]) -> Result<Examples<E>>,
    /// The file that is read next, or whose lines are being read.
    next_file: usize,
    source: Option<Source>,
    /// Rows of the file before the next block.
    row: usize,
    /// The layout of the file's first block.
    layout: Option<Layout>,
    /// The first file with rows, and whether it holds conversations.
    form: Option<(PathBuf, bool)>,
    notes: Vec<String>,
    bytes_of_read_files: u64,
}

impl<E: ExampleRow> ExampleBlocks<E> {
    /// Opens files, whose rows follow each other.
    ///
    /// # Errors
    /// A file that cannot be read, or in a format that cannot be read in parts.
    pub fn open<P: AsRef<Path>>(files: &[P], names: &ColumnNames) -> Result<Self> {
        Self::new(files, names, &[], |path, raw, _| Examples::from_raw(path, raw))
    }

    fn new<P: AsRef<Path>>(
        files: &[P],
        names: &ColumnNames,
        numbers: &[PairNumber],
        examples_of: fn(&Path, RawTable, &[PairNumber]) -> Result<Examples<E>>,
    ) -> Result<Self> {
        let files: Vec<PathBuf> = files.iter().map(|file| file.as_ref().to_owned()).collect();
        files.iter().try_for_each(|file| check_format(file))?;
        Ok(Self {
            files,
            names: names.clone(),
            columns: with_numbers(E::columns(), numbers),
            numbers: numbers.to_vec(),
            examples_of,
            next_file: 0,
            source: None,
            row: 0,
            layout: None,
            form: None,
            notes: Vec::new(),
            bytes_of_read_files: 0,
        })
    }

    /// The files.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The names of columns in the files.
    pub fn column_names(&self) -> &ColumnNames {
        &self.names
    }

    /// The numbers of pairs that are read.
    pub fn numbers(&self) -> &[PairNumber] {
        &self.numbers
    }

    /// What is not obvious about the layout of the files that were read so far, in words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Bytes of the files that were read so far, as they are on disk.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_of_read_files + self.source.as_ref().map_or(0, Source::bytes_read)
    }

    /// Reads the next block of rows. `None` after the last one; a block is never empty.
    ///
    /// # Errors
    /// As [`Examples::read_files`], and a block in another layout than the first one of its file.
    pub fn next_block(&mut self) -> Result<Option<Vec<E>>> {
        while let Some(path) = self.files.get(self.next_file).cloned() {
            let Some(raw) = self.next_raw_block(&path)? else {
                self.end_file(&path);
                continue;
            };
            if raw.rows() == 0 {
                continue;
            }
            let examples = self.read_rows(&path, raw)?;
            self.check_form(&path, &examples)?;
            let new: Vec<String> = examples.notes().iter().filter(|note| !self.notes.contains(note)).cloned().collect();
            self.notes.extend(new);
            return Ok(Some(examples.into_rows()));
        }
        Ok(None)
    }

    /// Reads the columns of the file's next block. `None` at its end.
    fn next_raw_block(&mut self, path: &Path) -> Result<Option<RawTable>> {
        let source = match self.source.take() {
            Some(source) => source,
            None => Source::open(path)?,
        };
        let expected = self.layout.as_ref().map(|layout| layout.columns.as_slice()).unwrap_or_default();
        let raw = match self.source.insert(source) {
            Source::Lines(lines) => {
                let line = lines.line;
                let located = |problem: Error| problem.counted_from(self.row, line);
                let block = lines.next_block().map_err(located)?;
                if block.is_empty() {
                    return Ok(None);
                }
                lines.line += block.iter().filter(|byte| **byte == b'\n').count();
                let cells = read_block(path, &block, &self.columns, &self.names, expected).map_err(located)?;
                RawTable::from_cells(&printable_path(path), cells)
            }
            #[cfg(feature = "tables")]
            Source::RowGroups(groups) => match groups.next_group(&self.columns, &self.names)? {
                Some(columns) => RawTable::from_parquet(&printable_path(path), columns),
                None => return Ok(None),
            },
        };
        raw.with_column_names(&self.names, &self.columns).map(Some)
    }

    /// Reads the rows of a block, which must have the layout of the file's first block.
    fn read_rows(&mut self, path: &Path, raw: RawTable) -> Result<Examples<E>> {
        let known = Layout::known_columns(&raw, &self.columns, &self.names);
        if let Some(layout) = &self.layout {
            layout.check_columns(path, self.row, &known)?;
        }
        let row = self.row;
        self.row += raw.rows();
        let examples = (self.examples_of)(path, raw, &self.numbers);
        let examples = examples.map_err(|problem| problem.counted_from(row, 0))?;
        let is_conversation = examples.rows().first().is_some_and(E::is_conversation);
        let found = Layout::new(known, examples.notes(), is_conversation);
        match &self.layout {
            Some(layout) => layout.check(path, row, &found)?,
            None => self.layout = Some(found),
        }
        Ok(examples)
    }

    fn end_file(&mut self, path: &Path) {
        self.bytes_of_read_files += path.metadata().map_or(0, |metadata| metadata.len());
        (self.source, self.layout, self.row) = (None, None, 0);
        self.next_file += 1;
    }

    /// Checks that all files hold texts, or all conversations.
    fn check_form(&mut self, path: &Path, examples: &Examples<E>) -> Result<()> {
        let Some(found) = examples.rows().first().map(E::is_conversation) else { return Ok(()) };
        let form = |is_conversation| if is_conversation { "conversations" } else { "plain texts" };
        match &self.form {
            Some((first, expected)) if *expected != found => Err(Error::MixedFormats {
                path: path.to_owned(),
                found: form(found),
                first: first.clone(),
                expected: form(*expected),
            }),
            Some(_) => Ok(()),
            None => {
                self.form = Some((path.to_owned(), found));
                Ok(())
            }
        }
    }
}

impl<E: NumberedRow> ExampleBlocks<E> {
    /// Opens files of pairs with numbers, as [`Examples::read_files_with_numbers`] reads them.
    ///
    /// # Errors
    /// As [`ExampleBlocks::open`].
    pub fn open_with_numbers<P: AsRef<Path>>(files: &[P], names: &ColumnNames, numbers: &[PairNumber]) -> Result<Self> {
        Self::new(files, names, numbers, Examples::from_raw_with_numbers)
    }
}

impl<E> fmt::Debug for ExampleBlocks<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ExampleBlocks");
        shown.field("files", &self.files).field("next_file", &self.next_file).field("row", &self.row);
        shown.finish_non_exhaustive()
    }
}

/// A file that is being read.
enum Source {
    Lines(Lines),
    #[cfg(feature = "tables")]
    RowGroups(RowGroups),
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        match Format::of_input(path)? {
            #[cfg(feature = "tables")]
            Format::Parquet => return RowGroups::open(path).map(Self::RowGroups),
            Format::Csv | Format::JsonLines => {}
        }
        let mut lines = Lines::open(path)?;
        match may_be_array(path) && lines.first_byte()? == Some(b'[') {
            true => Err(StreamingError::Format { path: path.to_owned(), found: "an array" }.into()),
            false => Ok(Self::Lines(lines)),
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::Lines(lines) => lines.bytes_read(),
            #[cfg(feature = "tables")]
            Self::RowGroups(groups) => groups.bytes_read,
        }
    }
}

/// Checks that a file's format can be read in parts.
fn check_format(path: &Path) -> Result<()> {
    let found = match Format::of_input(path)? {
        Format::Csv => "CSV",
        Format::JsonLines => return Ok(()),
        #[cfg(feature = "tables")]
        Format::Parquet if inner_name(path) == path => return Ok(()),
        #[cfg(feature = "tables")]
        Format::Parquet => "a compressed Parquet file",
    };
    Err(StreamingError::Format { path: path.to_owned(), found }.into())
}
