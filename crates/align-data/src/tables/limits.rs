/// Longest row of a CSV or JSON Lines file, in bytes. A whole book fits. The tokeniser needs about a hundred times a
/// text's size.
pub(super) const ROW_LIMIT: usize = 16 << 20;

/// The error message for a row that is too long.
pub(super) fn row_too_long(length: usize) -> String {
    format!("it has {length} bytes, expected at most {ROW_LIMIT}; split its text into several rows")
}
