use super::{LIMIT, PickleError, Result, bad};
use std::io::Read;

/// A reader of the bytes of one or more pickles, with limits.
#[derive(Debug)]
pub(in super::super) struct Input<R> {
    reader: R,
    consumed: u64,
    /// Remaining bytes of the file.
    left: u64,
    /// Bytes that the current pickle may still consume.
    allowed: u64,
}

impl<R: Read> Input<R> {
    /// Creates a reader of the `len` bytes of `reader`.
    pub(in super::super) fn new(reader: R, len: u64) -> Self {
        Self { reader, consumed: 0, left: len, allowed: 0 }
    }

    /// Bytes read so far.
    pub(in super::super) fn consumed(&self) -> u64 {
        self.consumed
    }

    pub(super) fn begin_pickle(&mut self) {
        self.allowed = LIMIT;
    }

    fn take(&mut self, count: u64) -> Result<()> {
        if count > self.left {
            return bad(format!("it ends too early: {count} bytes should follow, {} do", self.left));
        }
        if count > self.allowed {
            return bad(format!("it is longer than {LIMIT} bytes"));
        }
        self.left -= count;
        self.allowed -= count;
        self.consumed += count;
        Ok(())
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N as u64)?;
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(PickleError::Io)?;
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Reads the next `count` bytes. Memory is allocated only if the file has that many.
    pub(super) fn bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        self.take(count)?;
        let mut bytes = vec![0; count as usize];
        self.reader.read_exact(&mut bytes).map_err(PickleError::Io)?;
        Ok(bytes)
    }

    pub(super) fn text(&mut self, count: u64) -> Result<String> {
        String::from_utf8(self.bytes(count)?).or_else(|_| bad("a string is not UTF-8"))
    }

    /// Reads the text up to a line end, which is also consumed.
    pub(super) fn line(&mut self) -> Result<String> {
        const LONGEST: usize = 1024;
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => break,
                _ if line.len() == LONGEST => return bad("a name is longer than 1024 bytes"),
                byte => line.push(byte),
            }
        }
        String::from_utf8(line).or_else(|_| bad("a name is not UTF-8"))
    }
}
