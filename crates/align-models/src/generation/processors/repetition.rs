use super::LogitsProcessor;

/// Makes the tokens of the text so far less likely: a negative score is multiplied by the penalty, a positive one
/// divided. Eq. of section 4.1 of CTRL (arXiv:1909.05858), with the sign taken into account.
#[derive(Debug, Clone)]
pub struct RepetitionPenalty {
    /// Above 1 to discourage, below 1 to encourage.
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

/// Rules out every token that would complete a run of `size` tokens that the text holds already.
#[derive(Debug, Clone)]
pub struct NoRepeatNGram {
    /// Length of a run.
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
