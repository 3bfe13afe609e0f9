/// Longest row of a text format, in bytes: a whole book fits. A tokeniser takes a hundred times a text's size.
pub(super) const ROW_LIMIT: usize = 16 << 20;

/// A row that is too long, in words.
pub(super) fn too_long(length: usize) -> String {
    format!("it has {length} bytes, a row may have {ROW_LIMIT}: divide its text into several rows")
}
