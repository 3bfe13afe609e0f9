//! Rows that are similar to an earlier one: candidates by locality-sensitive hashing, which are confirmed by their signatures. What it
//! needs of each row is kept in temporary files, one for each band and one for the signatures.

use crate::facts::RowSignature;
use crate::minhash::{BANDS, BINS, Signature, THRESHOLD, similarity};
use crate::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, Write};
use std::os::unix::fs::FileExt;

/// Most rows of a bucket that a row is compared with.
const MOST_COMPARED: usize = 64;

/// Bytes of the signatures of a row: whether each exists, and their values.
const RECORD: usize = 2 + 2 * BINS;

/// No row.
const NONE: u32 = u32::MAX;

/// The rows so far.
pub(crate) struct NearIndex {
    bands: Vec<BufWriter<File>>,
    signatures: BufWriter<File>,
    /// The index of each row in all files.
    rows: Vec<u32>,
}

fn file_error(problem: std::io::Error) -> Error {
    Error::TemporaryFile { problem }
}

impl NearIndex {
    pub fn new() -> Result<Self> {
        let file = || tempfile::tempfile().map(|file| BufWriter::with_capacity(1 << 15, file)).map_err(file_error);
        let bands = (0..BANDS).map(|_| file()).collect::<Result<_>>()?;
        Ok(Self { bands, signatures: file()?, rows: Vec::new() })
    }

    /// Adds a row.
    pub fn add(&mut self, row: u32, signature: &RowSignature) -> Result<()> {
        for (file, key) in self.bands.iter_mut().zip(signature.keys) {
            file.write_all(&key.to_le_bytes()).map_err(file_error)?;
        }
        let parts = [signature.prompt, signature.answers];
        self.signatures.write_all(&parts.map(|part| u8::from(part.is_some()))).map_err(file_error)?;
        for part in parts {
            self.signatures.write_all(&part.unwrap_or([0; BINS])).map_err(file_error)?;
        }
        self.rows.push(row);
        Ok(())
    }

    /// The rows that are similar to an earlier one, each with that row.
    pub fn similar_rows(self) -> Result<Vec<(u32, u32)>> {
        let Self { bands, signatures, rows } = self;
        let signatures = Signatures(into_file(signatures)?);
        let mut leaders = vec![NONE; rows.len()];
        for band in bands {
            let mut keyed = read_keys(into_file(band)?, rows.len())?;
            keyed.sort_unstable();
            for bucket in keyed.chunk_by(|a, b| a.0 == b.0).filter(|bucket| bucket.len() > 1) {
                compare(bucket, &signatures, &mut leaders)?;
            }
        }
        let row = |entry: usize| rows.get(entry).copied();
        let similar = leaders.iter().enumerate().filter(|(_, leader)| **leader != NONE);
        Ok(similar.filter_map(|(entry, leader)| Some((row(entry)?, row(*leader as usize)?))).collect())
    }
}

fn into_file(writer: BufWriter<File>) -> Result<File> {
    let mut file = writer.into_inner().map_err(|problem| file_error(problem.into_error()))?;
    file.rewind().map_err(file_error)?;
    Ok(file)
}

/// The keys of a band with the numbers of their entries.
fn read_keys(mut file: File, count: usize) -> Result<Vec<(u32, u32)>> {
    let mut bytes = Vec::with_capacity(4 * count);
    file.read_to_end(&mut bytes).map_err(file_error)?;
    let (keys, _) = bytes.as_chunks::<4>();
    Ok(keys.iter().zip(0..).map(|(key, entry)| (u32::from_le_bytes(*key), entry)).collect())
}

/// Compares the entries of a bucket with earlier ones that are not similar to any other.
fn compare(bucket: &[(u32, u32)], signatures: &Signatures, leaders: &mut [u32]) -> Result<()> {
    let mut compared: Vec<(u32, Entry)> = Vec::new();
    for (_, entry) in bucket {
        let Some(leader) = leaders.get_mut(*entry as usize).filter(|leader| **leader == NONE) else { continue };
        let own = signatures.read(*entry)?;
        match compared.iter().find(|(_, other)| own.is_similar(other)) {
            Some((other, _)) => *leader = *other,
            None if compared.len() < MOST_COMPARED => compared.push((*entry, own)),
            None => {}
        }
    }
    Ok(())
}

/// The signatures of a row's prompt and answers.
struct Entry {
    prompt: Option<Signature>,
    answers: Option<Signature>,
}

impl Entry {
    fn is_similar(&self, other: &Self) -> bool {
        let similar = |a: &Option<Signature>, b: &Option<Signature>| match (a, b) {
            (Some(a), Some(b)) => similarity(a, b) >= THRESHOLD,
            (None, None) => true,
            _ => false,
        };
        similar(&self.answers, &other.answers) && similar(&self.prompt, &other.prompt)
    }
}

/// The file of signatures.
struct Signatures(File);

impl Signatures {
    fn read(&self, entry: u32) -> Result<Entry> {
        let mut record = [0; RECORD];
        self.0.read_exact_at(&mut record, u64::from(entry) * RECORD as u64).map_err(file_error)?;
        let part = |which: usize| {
            let is_there = record.get(which).is_some_and(|flag| *flag == 1);
            let start = 2 + which * BINS;
            record.get(start..start + BINS).filter(|_| is_there).and_then(|bytes| bytes.try_into().ok())
        };
        Ok(Entry { prompt: part(0), answers: part(1) })
    }
}
