//! Reads a text file line by line.

use crate::{Error, Result};
use align_base::files::read_file;
use std::path::Path;

/// Largest file and longest line in bytes. A line of this length exceeds any model's context.
const FILE_LIMIT: u64 = 64 << 20;
const LINE_LIMIT: usize = 1 << 20;

/// Reads the lines of a text file, such as prompts. A byte-order mark is skipped.
///
/// # Errors
/// When the path is not a regular file (pipes and devices can be endless), the file is not UTF-8 or larger than 64 MiB,
/// or a line is longer than 1 MiB.
pub fn read_lines(path: impl AsRef<Path>) -> Result<Vec<String>> {
    let path = path.as_ref();
    let bytes = read_file(path, FILE_LIMIT).map_err(|e| Error::read(path, e))?;
    let error = |line: usize, problem: String| Error::Line { path: path.to_owned(), line, problem };
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        let line = bytes.iter().take(e.valid_up_to()).filter(|&&byte| byte == b'\n').count() + 1;
        error(line, "expected UTF-8 text: save it as UTF-8".to_owned())
    })?;
    let lines = text.strip_prefix('\u{feff}').unwrap_or(text).lines();
    lines
        .zip(1..)
        .map(|(line, number)| match line.len() {
            0..=LINE_LIMIT => Ok(line.to_owned()),
            length => Err(error(number, format!("it has {length} bytes, expected at most {LINE_LIMIT}"))),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn read(content: impl AsRef<[u8]>) -> Result<Vec<String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        read_lines(file.path())
    }

    #[test]
    fn line_ends_and_byte_order_marks_are_removed() {
        assert_eq!(read("\u{feff}This\r\n\nThat \n").unwrap(), ["This", "", "That "]);
        assert!(read("").unwrap().is_empty());
        assert_eq!(read("a".repeat(LINE_LIMIT)).unwrap().len(), 1);
    }

    #[test]
    fn endless_files_and_lines_are_rejected() {
        let message = |result: Result<Vec<String>>| result.unwrap_err().to_string();
        let long = message(read(format!("This\n{}\n", "a".repeat(50 << 20))));
        assert!(long.contains("line 2: it has 52428800 bytes, expected at most 1048576"), "{long}");
        let device = message(read_lines("/dev/zero"));
        assert!(device.contains("/dev/zero") && device.contains("folder or a device"), "{device}");
        assert!(message(read(b"This\ncaf\xe9\n")).contains("line 2: expected UTF-8"));
    }
}
