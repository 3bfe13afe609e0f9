use super::source::LikesSource;
use crate::likes::LikedText;

/// The texts of a layout.
#[derive(Default)]
pub(super) struct LayoutTexts {
    pub rows: Vec<LikedText>,
    pub rows_in_file: Vec<usize>,
    pub source: LikesSource,
}

impl LayoutTexts {
    /// Adds a text of a row of the file, counted from 0.
    pub fn push(&mut self, row: usize, text: LikedText) {
        self.rows.push(text);
        self.rows_in_file.push(row + 1);
    }
}
