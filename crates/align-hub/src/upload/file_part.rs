use crate::{Event, Progress};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileExt;

/// A reader for a part of a file that reports progress.
pub(super) struct FilePart<'a, 'p> {
    pub file: &'a File,
    pub name: &'a str,
    pub start: u64,
    pub length: u64,
    pub progress: &'a mut Progress<'p>,
}

impl Read for FilePart<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.length).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(buffer.get_mut(..most).unwrap_or_default(), self.start)?;
        if read == 0 && most > 0 {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                format!("`{}` became shorter during the upload", self.name),
            ));
        }
        self.start += read as u64;
        self.length -= read as u64;
        (self.progress)(Event::Bytes { file: self.name, more: read as u64 });
        Ok(read)
    }
}
