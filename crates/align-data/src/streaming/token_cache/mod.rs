//! Token ids on disk.

mod build;
mod bytes;
mod checksum;
mod header;
mod key;
mod row;
mod source_file;

pub use bytes::{RowReader, RowWriter};
pub use header::RowStatistics;
pub use key::TokenCacheKey;
pub use row::CachedRow;

use crate::tables::{ExampleBlocks, ExampleRow};
use crate::{EncodeReport, Error, Result};
use align_base::files::write_folder;
use checksum::row_checksum;
use header::{HEADER, Header, INDEX, REPORT, ROWS, damaged, read_value, write_value};
use key::KeyParts;
use source_file::SourceFile;
use std::fs::{self, File};
use std::marker::PhantomData;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The tokenised rows of files, in a folder on disk. Opening it reads no rows, and a row is read when it is asked for.
///
/// A folder holds any number of caches, each in a folder whose name ends with its key: a digest of the files' contents, the tokeniser, the
/// options, and the version of the format. So a cache is never used for other data. A file whose path, size and time of change are those of a
/// file that is already in a cache is not read to find its digest. Each row has a checksum, which is compared when the row is read. Caches
/// can be deleted at any time.
///
/// A cache has the files `cache.json` (the key and the numbers of rows and bytes), `report.json` (the [`EncodeReport`]), `rows.bin` (the rows:
/// token ids of two bytes, or of four if one is larger than 65,535, and a CRC-32) and `index.bin` (the position of each row as eight bytes).
#[derive(Debug)]
pub struct TokenCache<R> {
    folder: PathBuf,
    header: Header,
    rows: File,
    index: File,
    row: PhantomData<fn() -> R>,
}

/// Bytes of a position in the index, and of a checksum.
const POSITION_BYTES: u64 = 8;
const CHECKSUM_BYTES: usize = 4;

impl<R: CachedRow> TokenCache<R> {
    /// Opens the cache of these files in `folder`, or builds it: each block is tokenised by `encode`, as by
    /// [`encode_pairs`](crate::encode_pairs), and its rows are appended. Memory is bounded by a block, and by the numbers of dropped rows.
    ///
    /// A cache that is being built has a temporary name until it is complete.
    ///
    /// # Errors
    /// Files that cannot be read, errors of `encode`, a damaged cache, or a folder that cannot be written.
    pub fn open_or_build<E: ExampleRow>(
        folder: impl AsRef<Path>,
        key: &TokenCacheKey,
        blocks: ExampleBlocks<E>,
        encode: impl FnMut(&[E]) -> Result<(Vec<R>, EncodeReport)>,
    ) -> Result<Self> {
        let folder = folder.as_ref();
        let known = known_files(folder);
        let files = blocks.files().iter().map(|file| SourceFile::of(file, &known)).collect::<Result<Vec<_>>>()?;
        let key = KeyParts::new(key, R::KIND, blocks.column_names(), blocks.numbers(), &files);
        let folder = folder.join(key.folder_name());
        if folder.exists() {
            let mut cache = Self::open(&folder, &key)?;
            if cache.header.files != files {
                cache.header.files = files;
                // Without this, the files are read again at the next start, which does no harm.
                if let Err(error) = write_value(&folder, HEADER, &cache.header, true) {
                    tracing::debug!(%error, "the times of files cannot be noted");
                }
            }
            return Ok(cache);
        }
        let written = write_folder(
            &folder,
            |problem| Error::write(&folder, problem),
            |scratch| {
                let header = build::fill(scratch, key.clone(), files, blocks, encode)?;
                write_value(scratch, HEADER, &header, false)
            },
        );
        match written {
            // Another process has built the same cache meanwhile.
            Err(Error::Write { .. }) if folder.join(HEADER).exists() => {}
            written => written?,
        }
        Self::open(&folder, &key)
    }

    fn open(folder: &Path, key: &KeyParts) -> Result<Self> {
        let header: Header = read_value(folder, HEADER)?;
        if header.key != *key {
            return Err(damaged(folder, HEADER, "it belongs to other data than the folder's name"));
        }
        let open = |name: &str, expected: u64| {
            let path = folder.join(name);
            let file = File::open(&path).map_err(|problem| damaged(folder, name, &problem.to_string()))?;
            let found = file.metadata().map_err(|problem| Error::read(&path, problem))?.len();
            match found == expected {
                true => Ok(file),
                false => Err(damaged(folder, name, &format!("it has {found} bytes, expected {expected}"))),
            }
        };
        let rows = open(ROWS, header.bytes)?;
        let index = open(INDEX, (header.rows as u64 + 1).saturating_mul(POSITION_BYTES))?;
        Ok(Self { folder: folder.to_owned(), header, rows, index, row: PhantomData })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.header.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.header.rows == 0
    }

    /// The folder of this cache.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A digest of all that the rows depend on.
    pub fn digest(&self) -> String {
        self.header.key.digest()
    }

    /// What is known of all rows.
    pub fn statistics(&self) -> RowStatistics {
        self.header.statistics
    }

    /// What is not obvious about the layout of the files, in words.
    pub fn notes(&self) -> &[String] {
        &self.header.notes
    }

    /// What was changed or dropped when the rows were tokenised. The report is read from disk.
    ///
    /// # Errors
    /// A damaged cache.
    pub fn report(&self) -> Result<EncodeReport> {
        read_value(&self.folder, REPORT)
    }

    /// Reads a row; `index` is counted from 0.
    ///
    /// # Errors
    /// A row that does not exist, a damaged row, or a file that cannot be read.
    pub fn row(&self, index: usize) -> Result<R> {
        if index >= self.header.rows {
            let (folder, row, rows) = (self.folder.clone(), index, self.header.rows);
            return Err(crate::streaming::StreamingError::NoRow { folder, row, rows }.into());
        }
        let mut ends = [0; 2 * POSITION_BYTES as usize];
        self.read_at(&self.index, INDEX, &mut ends, index as u64 * POSITION_BYTES)?;
        let position = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        let (start, end) = ends.split_at(POSITION_BYTES as usize);
        let (start, end) = (position(start), position(end));
        let wrong = |name: &str, what: &str| damaged(&self.folder, name, &format!("row {} {what}", index + 1));
        let length = end.checked_sub(start).filter(|_| end <= self.header.bytes).map(|length| length as usize);
        let length = length.ok_or_else(|| wrong(INDEX, "has a position outside the rows"))?;
        let mut bytes = vec![0; length];
        self.read_at(&self.rows, ROWS, &mut bytes, start)?;
        let checked = bytes.split_last_chunk::<CHECKSUM_BYTES>();
        let is_whole =
            |(row, sum): &(&[u8], &[u8; CHECKSUM_BYTES])| row_checksum(index, row) == u32::from_le_bytes(**sum);
        let (row, _) = checked.filter(is_whole).ok_or_else(|| wrong(ROWS, "is damaged: its checksum differs"))?;
        let mut reader = RowReader::new(row);
        let row = R::read(&mut reader).filter(|_| reader.is_at_end());
        row.ok_or_else(|| wrong(ROWS, "is damaged: it is not a row of this kind"))
    }

    /// Reads rows, in the order of the indices.
    ///
    /// # Errors
    /// As [`TokenCache::row`].
    pub fn rows(&self, indices: &[usize]) -> Result<Vec<R>> {
        indices.iter().map(|index| self.row(*index)).collect()
    }

    fn read_at(&self, file: &File, name: &str, buffer: &mut [u8], position: u64) -> Result<()> {
        file.read_exact_at(buffer, position).map_err(|problem| match problem.kind() {
            std::io::ErrorKind::UnexpectedEof => damaged(&self.folder, name, "it was cut while it was used"),
            _ => Error::read(&self.folder.join(name), problem),
        })
    }
}

/// The files in the caches of a folder. Caches that cannot be read are left out: they are reported when they are used.
fn known_files(folder: &Path) -> Vec<SourceFile> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let headers = entries.filter_map(|entry| read_value::<Header>(&entry.path(), HEADER).ok());
    headers.flat_map(|header| header.files).collect()
}
