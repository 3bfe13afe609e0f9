/// What is wrong with a CSV file, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    pub problem: String,
}

/// The number of line breaks.
pub(super) fn lines_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}
