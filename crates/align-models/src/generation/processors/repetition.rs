use super::LogitsProcessor;

/// Makes tokens that occur in the text less likely: multiplies negative scores by the penalty, and divides positive scores by it.
/// Section 4.1 of CTRL (arXiv:1909.05858), adapted to negative scores.
#[derive(Debug, Clone)]
pub struct RepetitionPenalty {
    /// Above 1 to discourage repetition, below 1 to encourage it.
    pub penalty: f32,
}

impl LogitsProcessor for RepetitionPenalty {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        let mut seen: Vec<usize> = ids.iter().filter_map(|&id| usize::try_from(id).ok()).collect();
        seen.sort_unstable();
        seen.dedup();
        for id in seen {
            if let Some(score) = scores.get_mut(id) {
                *score = if *score < 0.0 { *score * self.penalty } else { *score / self.penalty };
            }
        }
    }
}

/// Excludes every token that would complete an n-gram of length `size` that already occurs in the text.
#[derive(Debug, Clone)]
pub struct NoRepeatNGram {
    /// Length of an n-gram.
    pub size: usize,
}

impl LogitsProcessor for NoRepeatNGram {
    fn process(&self, ids: &[i64], scores: &mut [f32]) {
        let Some(prefix_length) = self.size.checked_sub(1) else {
            return;
        };
        let Some(start) = ids.len().checked_sub(prefix_length) else {
            return;
        };
        let prefix = &ids[start..];
        for window in ids.windows(self.size) {
            if let Some((&last, head)) = window.split_last()
                && head == prefix
                && let Some(score) = usize::try_from(last).ok().and_then(|id| scores.get_mut(id))
            {
                *score = f32::NEG_INFINITY;
            }
        }
    }
}
