use super::super::compression::decompressed;
use super::super::limits::{ROW_LIMIT, row_too_long};
use crate::{Error, Result};
use align_base::files::open_file;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A block ends with the line that reaches this many bytes, or this many lines.
const BLOCK_BYTES: usize = 4 << 20;
const BLOCK_LINES: usize = 4096;

/// The lines of a file, which may be compressed, in blocks.
pub(in crate::tables) struct Lines {
    path: PathBuf,
    reader: BufReader<Box<dyn Read + Send>>,
    /// Bytes of the file that were read so far.
    read: Arc<AtomicU64>,
    /// Lines before the next block.
    pub line: usize,
}

impl Lines {
    pub fn open(path: &Path) -> Result<Self> {
        let file = open_file(path).map_err(|problem| Error::read(path, problem))?;
        let read = Arc::new(AtomicU64::new(0));
        let reader = decompressed(path, CountedReader { file, read: Arc::clone(&read) })?;
        let mut lines = Self { path: path.to_owned(), reader: BufReader::new(reader), read, line: 0 };
        lines.skip_byte_order_mark()?;
        Ok(lines)
    }

    /// Bytes of the file that were read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The first byte that is not white space, as far as the first lines show it.
    pub fn first_byte(&mut self) -> Result<Option<u8>> {
        let start = self.reader.fill_buf().map_err(|problem| Error::read(&self.path, problem))?;
        Ok(start.iter().copied().find(|byte| !byte.is_ascii_whitespace()))
    }

    /// The next whole lines; none at the end of the file.
    pub fn next_block(&mut self) -> Result<Vec<u8>> {
        let (mut block, mut lines) = (Vec::new(), 0);
        while block.len() < BLOCK_BYTES && lines < BLOCK_LINES {
            let start = block.len();
            let most = ROW_LIMIT as u64 + 2;
            let read = self.reader.by_ref().take(most).read_until(b'\n', &mut block);
            let read = read.map_err(|problem| Error::read(&self.path, problem))?;
            if read == 0 {
                break;
            }
            if block.len() - start > ROW_LIMIT + 1 {
                let problem = row_too_long(block.len() - start).replacen("it has", "it has at least", 1);
                return Err(Error::Line { path: self.path.clone(), line: lines + 1, problem });
            }
            lines += 1;
        }
        Ok(block)
    }

    fn skip_byte_order_mark(&mut self) -> Result<()> {
        let start = self.reader.fill_buf().map_err(|problem| Error::read(&self.path, problem))?;
        if start.starts_with("\u{feff}".as_bytes()) {
            self.reader.consume("\u{feff}".len());
        }
        Ok(())
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("path", &self.path).field("line", &self.line).finish_non_exhaustive()
    }
}

/// Counts what is read.
struct CountedReader {
    file: std::fs::File,
    read: Arc<AtomicU64>,
}

impl Read for CountedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
