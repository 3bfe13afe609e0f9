/// A syntax error in a CSV file and its line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CsvError {
    /// The line, counted from 1.
    pub line: usize,
    pub problem: String,
}

/// Counts line breaks.
pub(super) fn count_lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}
