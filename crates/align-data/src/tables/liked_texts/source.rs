use align_base::counted;
use serde::Serialize;
use std::fmt;

/// How a file stores texts with likes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LikesLayout {
    /// One text per row, with the columns `prompt`, `text` and `likes`.
    #[default]
    Columns,
    /// Stanford Human Preferences: two comments on a post per row (`history`, `human_ref_A`, `score_A`, ...).
    Shp,
    /// Reddit's comments and submissions (`body`, `score`, `parent_id`, `title`, ...).
    Reddit,
}

/// The layout of a file with likes, and what was left out or changed when it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LikesSource {
    /// The layout.
    pub layout: LikesLayout,
    /// Texts that occur in several rows; the first is kept.
    pub repeated: usize,
    /// Texts that were deleted or removed, or are empty.
    pub removed: usize,
    /// Comments on something that is not in the file.
    pub without_parent: usize,
    /// Texts with a score below 1, the score of a new comment. They count as texts without likes.
    pub below_one: usize,
}

impl fmt::Display for LikesSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.repeated, "repeated comment", ""),
            (self.removed, "text", " left out: deleted or empty"),
            (self.without_parent, "comment", " left out: what they answer is not in the file"),
            (self.below_one, "text", " with a score below 1, counted as no likes"),
        ];
        let layout = match self.layout {
            LikesLayout::Columns => return Ok(()),
            LikesLayout::Shp => "SHP",
            LikesLayout::Reddit => "Reddit",
        };
        write!(f, "\n  the layout is that of {layout}; the author's own vote is not counted")?;
        for (count, noun, rest) in counts.into_iter().filter(|(count, ..)| *count > 0) {
            write!(f, "\n  {}{rest}", counted(count, noun))?;
        }
        Ok(())
    }
}
