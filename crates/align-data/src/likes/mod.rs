//! Preference pairs and labelled completions out of likes: of two texts for a prompt, the one that is probably liked more is chosen.
//!
//! [`LikedTexts`](crate::tables::LikedTexts) reads the texts. The statistics are those of [`align_choice::likes`].

mod label;
mod liked_text;
mod options;
mod pair;
mod posteriors;
mod prompts;
mod report;

pub use label::{Benchmark, LabelOptions, label};
pub use liked_text::LikedText;
pub use options::LikesOptions;
pub use pair::{LikedPairOptions, pair_liked};
pub use posteriors::likes_posteriors;
pub use report::{LabelReport, LikedPairReport, LikesReport};
