//! Likes and dislikes out of what Reddit shows of votes.

use super::source::LikesSource;
use crate::likes::LikedText;

/// The votes of a row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Votes {
    /// Votes in favour minus votes against.
    pub score: f64,
    /// Votes in favour, in old dumps.
    pub ups: Option<f64>,
    /// Votes against, in old dumps; always 0 in new ones.
    pub downs: Option<f64>,
    /// The share of votes in favour; only of submissions.
    pub upvote_ratio: Option<f64>,
}

/// The likes of a comment with this score. Each begins with the vote of its author. A score below 1, where dislikes outweigh likes, counts as
/// no likes.
pub(super) fn likes_of_score(score: f64, source: &mut LikesSource) -> f64 {
    source.below_one += usize::from(score < 1.0);
    (score - 1.0).max(0.0)
}

/// Sets the likes, and the dislikes if all rows have them.
pub(super) fn set_counts(texts: &mut [LikedText], votes: &[Votes], source: &mut LikesSource) {
    let separate: Option<Vec<(f64, f64)>> = match votes.iter().any(|votes| votes.downs.is_some_and(|downs| downs > 0.0))
    {
        true => votes.iter().map(|votes| Some(((votes.ups? - 1.0).max(0.0), votes.downs?))).collect(),
        false => votes.iter().map(by_ratio).collect(),
    };
    match separate {
        Some(counts) => {
            for (text, (likes, dislikes)) in texts.iter_mut().zip(counts) {
                (text.likes, text.dislikes) = (likes, Some(dislikes));
            }
        }
        None => texts.iter_mut().zip(votes).for_each(|(text, votes)| text.likes = likes_of_score(votes.score, source)),
    }
}

/// Likes and dislikes from the score `u - d` and the ratio `u / (u + d)`, which is rounded to two digits.
fn by_ratio(votes: &Votes) -> Option<(f64, f64)> {
    let ratio = votes.upvote_ratio.filter(|ratio| *ratio > 0.5 && *ratio <= 1.0)?;
    let ups = (votes.score * ratio / (2.0 * ratio - 1.0)).round();
    (votes.score > 0.0).then_some(((ups - 1.0).max(0.0), (ups - votes.score).max(0.0)))
}
