//! Rows to audit, a block at a time. Rows that cannot be read are reported instead of ending the audit.

mod array_items;
mod csv_records;
mod form;
mod repair;
mod rows;
mod text_block;
mod token_counts;

pub use rows::AuditRows;
pub use token_counts::TokenCounter;

use super::column_names::ColumnNames;
use super::compression::inner_name;
use super::example_blocks::lines::Lines;
use super::format::Format;
use super::jsonl::may_be_array;
#[cfg(feature = "tables")]
use super::parquet::RowGroups;
use super::raw_table::RawTable;
use crate::{Error, Result};
use align_audit::Check;
use align_base::printable_path;
use array_items::ArrayItems;
use csv_records::CsvRecords;
use form::Form;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use text_block::TextBlock;

/// Some rows of a file.
#[derive(Debug)]
pub struct AuditBlock {
    /// The file.
    pub file: PathBuf,
    /// Whether these are the first rows of the file.
    pub begins_file: bool,
    /// The rows that can be read.
    pub rows: AuditRows,
    /// Rows that cannot be read: their numbers, counted from 1, and what is wrong.
    pub unreadable: Vec<(usize, String)>,
}

/// Reads the rows of files in blocks, in every form of preference data: pairs, labelled completions, scored texts and completions, of texts or
/// conversations, in CSV, JSON Lines, arrays of JSON and Parquet. Each file may have a form of its own.
///
/// Memory is bounded by a block: 4 MiB of text, or a row group of a Parquet file. A row of a text format that cannot be read is reported, and
/// the next one is read. A Parquet file with such a row is an error.
///
/// ```
/// use align_audit::{Audit, AuditOptions, Check};
/// use align_data::tables::{AuditBlocks, ColumnNames};
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("pairs.jsonl");
/// std::fs::write(&file, r#"{"prompt": "Was it fun?", "chosen": "Yes!", "rejected": "Yes!"}"#)?;
/// let mut audit = Audit::new(AuditOptions::default())?;
/// let mut blocks = AuditBlocks::open(&[file], &ColumnNames::default())?;
/// while let Some(block) = blocks.next_block()? {
///     audit.begin_file(&block.file.display().to_string());
///     audit.add(&block.rows.to_numbered(None)?)?;
/// }
/// assert_eq!(audit.finish()?.finding(Check::Equal).map(|finding| finding.count), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AuditBlocks {
    files: Vec<PathBuf>,
    names: ColumnNames,
    position: Option<String>,
    next_file: usize,
    source: Option<Source>,
    /// The form of the file's rows, when its first row was read.
    form: Option<Form>,
    /// Rows of the file before the next block.
    row: usize,
    notes: Vec<String>,
    bytes_of_read_files: u64,
}

impl AuditBlocks {
    /// Opens files, whose rows follow each other.
    ///
    /// # Errors
    /// A file in a format that cannot be read.
    pub fn open<P: AsRef<Path>>(files: &[P], names: &ColumnNames) -> Result<Self> {
        let files: Vec<PathBuf> = files.iter().map(|file| file.as_ref().to_owned()).collect();
        files.iter().try_for_each(|file| Format::of_input(file).map(|_| ()))?;
        Ok(Self {
            files,
            names: names.clone(),
            position: None,
            next_file: 0,
            source: None,
            form: None,
            row: 0,
            notes: Vec::new(),
            bytes_of_read_files: 0,
        })
    }

    /// Reads from this column where the chosen text of a pair was shown: A or B, first or second, left or right, 0 or 1.
    #[must_use]
    pub fn with_position_column(self, name: Option<&str>) -> Self {
        Self { position: name.map(str::to_owned), ..self }
    }

    /// What is not obvious about the layout of the files that were read so far, in words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Bytes of the files that were read so far, as they are on disk.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_of_read_files + self.source.as_ref().map_or(0, Source::bytes_read)
    }

    /// Reads the next block of rows. `None` after the last one.
    ///
    /// # Errors
    /// A file that cannot be read, or without the columns of a form of preference data.
    pub fn next_block(&mut self) -> Result<Option<AuditBlock>> {
        while let Some(path) = self.files.get(self.next_file).cloned() {
            let source = match self.source.take() {
                Some(source) => source,
                None => Source::open(&path)?,
            };
            let block = match self.source.insert(source) {
                Source::Text(text) => text.next_block()?.map(|block| self.read_text(&path, &block)).transpose()?,
                #[cfg(feature = "tables")]
                Source::RowGroups(groups) => {
                    let group = groups.next_group(&form::columns(), &self.names)?;
                    let raw = group.map(|columns| RawTable::from_parquet(&printable_path(&path), columns));
                    raw.map(|raw| self.read_group(&path, raw)).transpose()?
                }
            };
            match block {
                Some(block) if block.rows.is_empty() && block.unreadable.is_empty() => {}
                Some(block) => return Ok(Some(block)),
                None => self.end_file(&path),
            }
        }
        Ok(None)
    }

    fn end_file(&mut self, path: &Path) {
        self.bytes_of_read_files += path.metadata().map_or(0, |metadata| metadata.len());
        (self.source, self.form, self.row) = (None, None, 0);
        self.next_file += 1;
    }

    /// Takes the rows out of a table that begins with row `first`, counted from 0. The first table decides the file's form.
    fn rows_of(&mut self, raw: RawTable, first: usize) -> Result<AuditRows> {
        let columns = form::columns();
        let mut raw = raw.with_column_names(&self.names, &columns)?;
        let form = match self.form.take() {
            Some(form) => form,
            None => Form::of(&raw, self.position.as_deref())?,
        };
        let rows = form.read(&mut raw, self.position.as_deref(), &mut self.notes);
        // A form is kept only if a row was read with it.
        self.form = (rows.is_ok() || self.row > 0).then_some(form);
        rows.map(|rows| rows.counted_from(first)).map_err(|problem| problem.counted_from(first, 0))
    }

    /// Reads a Parquet file's row group.
    #[cfg(feature = "tables")]
    fn read_group(&mut self, path: &Path, raw: RawTable) -> Result<AuditBlock> {
        let (begins_file, first, count) = (self.row == 0, self.row, raw.rows());
        let rows = self.rows_of(raw, first)?;
        self.row += count;
        Ok(AuditBlock { file: path.to_owned(), begins_file, rows, unreadable: Vec::new() })
    }

    /// Reads all rows of a block at once, or one by one if that fails.
    fn read_text(&mut self, path: &Path, block: &TextBlock) -> Result<AuditBlock> {
        let (file, begins_file, first) = (path.to_owned(), self.row == 0, self.row);
        let whole = block.parse(path, &self.expected(), &self.names).and_then(|raw| {
            let count = raw.rows();
            self.rows_of(raw, first).map(|rows| (rows, count))
        });
        match whole {
            Ok((rows, count)) => {
                self.row += count;
                Ok(AuditBlock { file, begins_file, rows, unreadable: Vec::new() })
            }
            Err(problem) => self.read_one_by_one(path, block, problem),
        }
    }

    fn read_one_by_one(&mut self, path: &Path, block: &TextBlock, problem: Error) -> Result<AuditBlock> {
        let (begins_file, mut unreadable) = (self.row == 0, Vec::new());
        let mut rows = AuditRows::default();
        for place in block.rows() {
            let number = self.row + 1;
            match self.read_row(path, block, &place) {
                Ok(Some(row)) => rows.append(row),
                Ok(None) => continue,
                Err(problem) => unreadable.push((number, problem.to_string())),
            }
            self.row = number;
        }
        // A file of which nothing can be read is probably another kind of file.
        match begins_file && rows.is_empty() {
            true => Err(problem),
            false => Ok(AuditBlock { file: path.to_owned(), begins_file, rows, unreadable }),
        }
    }

    /// Reads a row, after a repair of its escapes and bytes if need be. `None` for a blank line.
    fn read_row(&mut self, path: &Path, block: &TextBlock, place: &Range<usize>) -> Result<Option<AuditRows>> {
        let first = self.row;
        let (text, line) = (block.bytes(place), block.lines_before(place));
        let mut read = |text: &[u8]| -> Result<Option<AuditRows>> {
            let raw = block.of_row(text).parse(path, &self.expected(), &self.names)?;
            if raw.rows() == 0 { Ok(None) } else { self.rows_of(raw, first).map(Some) }
        };
        let problem = match read(text) {
            Err(problem) => problem,
            rows => return rows,
        };
        let located = |problem: Error| problem.counted_from(0, line);
        let Some((repaired, had_surrogates)) = repair::repaired(text) else { return Err(located(problem)) };
        let mut rows = read(repaired.as_bytes()).map_err(located)?;
        if let Some(rows) = rows.as_mut().filter(|_| had_surrogates) {
            rows.note(Check::Surrogates);
        }
        Ok(rows)
    }

    /// The columns that each row must have, under the file's names.
    fn expected(&self) -> Vec<String> {
        self.form.as_ref().map(|form| form.found.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for AuditBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AuditBlocks");
        shown.field("files", &self.files).field("next_file", &self.next_file).field("row", &self.row);
        shown.finish_non_exhaustive()
    }
}

/// A file that is being read.
enum Source {
    Text(Text),
    #[cfg(feature = "tables")]
    RowGroups(RowGroups),
}

/// A file of a text format.
enum Text {
    Lines(Lines),
    Items(ArrayItems),
    Records(CsvRecords),
}

impl Source {
    fn open(path: &Path) -> Result<Self> {
        match Format::of_input(path)? {
            #[cfg(feature = "tables")]
            Format::Parquet if inner_name(path) == path => RowGroups::open(path).map(Self::RowGroups),
            #[cfg(feature = "tables")]
            Format::Parquet => {
                let found = "a compressed Parquet file";
                Err(crate::streaming::StreamingError::Format { path: path.to_owned(), found }.into())
            }
            Format::Csv => CsvRecords::open(path).map(Text::Records).map(Self::Text),
            Format::JsonLines => {
                let mut lines = Lines::open(path)?;
                let is_array = may_be_array(path) && lines.first_byte()? == Some(b'[');
                Ok(Self::Text(if is_array { Text::Items(ArrayItems::new(lines)) } else { Text::Lines(lines) }))
            }
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::Text(Text::Lines(lines)) => lines.bytes_read(),
            Self::Text(Text::Items(items)) => items.bytes_read(),
            Self::Text(Text::Records(records)) => records.bytes_read(),
            #[cfg(feature = "tables")]
            Self::RowGroups(groups) => groups.bytes_read,
        }
    }
}

impl Text {
    fn next_block(&mut self) -> Result<Option<TextBlock>> {
        match self {
            Self::Lines(lines) => {
                let line = lines.line;
                let block = lines.next_block().map_err(|problem| problem.counted_from(0, line))?;
                lines.line += block.iter().filter(|byte| **byte == b'\n').count();
                Ok((!block.is_empty()).then(|| TextBlock::of_lines(block, line)))
            }
            Self::Items(items) => items.next_block(),
            Self::Records(records) => records.next_block(),
        }
    }
}
