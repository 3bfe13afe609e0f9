//! Reads a Parquet file one row group at a time.

use super::super::column_names::ColumnNames;
use super::super::columns::Column;
use super::check_footer::{TAIL_BYTES, check_footer};
use super::split_footer::{Group, MAGIC, SplitFooter};
use super::{ParquetColumns, read};
use crate::{Error, Result};
use align_base::files::open_file;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Largest footer.
const MAX_FOOTER_BYTES: u64 = 256 << 20;

/// An open file, whose row groups are read as files of their own, with all checks of files.
pub(in super::super) struct RowGroups {
    path: PathBuf,
    file: File,
    footer: SplitFooter,
    next: usize,
    /// Bytes of the pages that were read so far.
    pub bytes_read: u64,
}

impl RowGroups {
    /// Opens a file and reads its footer.
    pub fn open(path: &Path) -> Result<Self> {
        let read = |problem| Error::read(path, problem);
        let error = |problem: String| Error::Format { path: path.to_owned(), format: "Parquet", problem };
        let file = open_file(path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        let tail_bytes = TAIL_BYTES as u64;
        let tail_at = length.checked_sub(tail_bytes).ok_or_else(|| error(format!("it has {length} bytes")))?;
        let mut tail = [0; TAIL_BYTES];
        file.read_exact_at(&mut tail, tail_at).map_err(read)?;
        let (size, magic) = tail.split_at(TAIL_BYTES - MAGIC.len());
        if magic != MAGIC {
            return Err(error("it does not end with PAR1: it is cut off or another kind of file".to_owned()));
        }
        let size = size.iter().rev().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        let start = tail_at.checked_sub(size).filter(|_| size <= MAX_FOOTER_BYTES);
        let start = start.ok_or_else(|| error(format!("its footer has {size} bytes, the file {length}")))?;
        let mut footer = vec![0; size as usize];
        file.read_exact_at(&mut footer, start).map_err(read)?;
        check_footer(&[footer.as_slice(), &tail].concat()).map_err(error)?;
        let footer = SplitFooter::new(footer).map_err(|problem| error(format!("its footer: {problem}")))?;
        Ok(Self { path: path.to_owned(), file, footer, next: 0, bytes_read: 0 })
    }

    /// Reads the next row group. `None` after the last one.
    pub fn next_group(&mut self, columns: &[Column], names: &ColumnNames) -> Result<Option<ParquetColumns>> {
        let Some(group) = self.footer.groups.get(self.next) else { return Ok(None) };
        self.next += 1;
        let (number, count) = (self.next, self.footer.groups.len());
        let bytes = self.file_of(group)?;
        self.bytes_read += bytes.len() as u64;
        // In the file that is made of it, the row group is the first one.
        let located = |error: Error| match error {
            Error::Format { path, format, problem } if count > 1 => {
                Error::Format { path, format, problem: format!("row group {number} of {count}, read alone: {problem}") }
            }
            error => error,
        };
        read(&self.path, bytes, columns, names).map(Some).map_err(located)
    }

    /// A file that holds one row group.
    fn file_of(&self, group: &Group) -> Result<Vec<u8>> {
        let error = |problem: String| Error::Format { path: self.path.clone(), format: "Parquet", problem };
        let length = self.file.metadata().map_err(|problem| Error::read(&self.path, problem))?.len();
        let pages = u64::try_from(group.start).ok().zip(u64::try_from(group.end).ok());
        let pages = pages.filter(|(start, end)| start <= end && *end <= length);
        let (start, end) = pages.ok_or_else(|| {
            let (start, end) = (group.start, group.end);
            error(format!("a row group from byte {start} to byte {end} exceeds the file's {length} bytes"))
        })?;
        let size = (end - start) as usize;
        let mut bytes = MAGIC.to_vec();
        bytes.resize(MAGIC.len() + size, 0);
        let target = bytes.get_mut(MAGIC.len()..).unwrap_or_default();
        self.file.read_exact_at(target, start).map_err(|problem| Error::read(&self.path, problem))?;
        let footer = self.footer.of_group(group);
        let footer_bytes = u32::try_from(footer.len()).map_err(|problem| error(problem.to_string()))?;
        bytes.extend(footer);
        bytes.extend(footer_bytes.to_le_bytes());
        bytes.extend(MAGIC);
        Ok(bytes)
    }
}
