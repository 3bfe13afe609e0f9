//! Writes the files of a cache, block by block.

use super::bytes::RowWriter;
use super::checksum::row_checksum;
use super::header::{Header, INDEX, REPORT, ROWS, RowStatistics, write_value};
use super::key::KeyParts;
use super::row::CachedRow;
use super::source_file::SourceFile;
use crate::encode_rows::CHUNK_SIZE;
use crate::streaming::StreamingError;
use crate::tables::{ExampleBlocks, ExampleRow};
use crate::{EncodeReport, Error, Result};
use align_base::Progress;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// The files of rows that are being written.
struct Writer {
    rows_path: PathBuf,
    rows_file: BufWriter<File>,
    index_path: PathBuf,
    index: BufWriter<File>,
    rows: usize,
    bytes: u64,
    statistics: RowStatistics,
}

/// Fills a folder with the rows of `blocks` as `encode` tokenises them.
pub(super) fn fill<R: CachedRow, E: ExampleRow>(
    folder: &Path,
    key: KeyParts,
    files: Vec<SourceFile>,
    mut blocks: ExampleBlocks<E>,
    mut encode: impl FnMut(&[E]) -> Result<(Vec<R>, EncodeReport)>,
) -> Result<Header> {
    let mut writer = Writer::create(folder)?;
    let mut report = EncodeReport::default();
    // The rows of a file whose sides of pairs share numbers are fewer than its completions.
    let mut first = 0;
    let mut progress = Progress::resume("tokenising", "bytes", 0, files.iter().map(|file| file.bytes).sum());
    while let Some(block) = blocks.next_block()? {
        for rows in block.chunks(CHUNK_SIZE) {
            let (encoded, mut part) = encode(rows).map_err(|problem| problem.counted_from(first, 0))?;
            part.count_from(first);
            for mut row in encoded {
                *row.row_mut() += first;
                writer.push(&mut row)?;
            }
            first += part.numbers();
            report.append(part);
        }
        progress.set_done(blocks.bytes_read());
    }
    for (file, path) in files.iter().zip(blocks.files()) {
        file.check_unchanged(path)?;
    }
    write_value(folder, REPORT, &report, false)?;
    let (rows, bytes, statistics) = writer.finish()?;
    Ok(Header { key, files, notes: blocks.notes().to_vec(), rows, bytes, statistics })
}

impl Writer {
    fn create(folder: &Path) -> Result<Self> {
        let create = |path: &Path| File::create_new(path).map_err(|problem| Error::write(path, problem));
        let (rows_path, index_path) = (folder.join(ROWS), folder.join(INDEX));
        let (rows_file, index) = (BufWriter::new(create(&rows_path)?), BufWriter::new(create(&index_path)?));
        Ok(Self { rows_path, rows_file, index_path, index, rows: 0, bytes: 0, statistics: RowStatistics::default() })
    }

    fn push<R: CachedRow>(&mut self, row: &mut R) -> Result<()> {
        let mut writer = RowWriter::default();
        row.write(&mut writer);
        let bytes = writer.finish().map_err(|id| StreamingError::TokenId { row: *row.row_mut() + 1, id })?;
        let checksum = row_checksum(self.rows, &bytes).to_le_bytes();
        self.index.write_all(&self.bytes.to_le_bytes()).map_err(|problem| Error::write(&self.index_path, problem))?;
        let written = self.rows_file.write_all(&bytes).and_then(|()| self.rows_file.write_all(&checksum));
        written.map_err(|problem| Error::write(&self.rows_path, problem))?;
        self.statistics.add(self.rows, row.sequences());
        self.bytes += (bytes.len() + checksum.len()) as u64;
        self.rows += 1;
        Ok(())
    }

    /// Syncs the files to disk.
    fn finish(mut self) -> Result<(usize, u64, RowStatistics)> {
        let end = self.bytes.to_le_bytes();
        let index = self.index.write_all(&end).and_then(|()| self.index.flush());
        let index = index.and_then(|()| self.index.get_ref().sync_all());
        index.map_err(|problem| Error::write(&self.index_path, problem))?;
        let rows = self.rows_file.flush().and_then(|()| self.rows_file.get_ref().sync_all());
        rows.map_err(|problem| Error::write(&self.rows_path, problem))?;
        Ok((self.rows, self.bytes, self.statistics))
    }
}
