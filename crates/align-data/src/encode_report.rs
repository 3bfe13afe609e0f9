use serde::Serialize;
use std::fmt;

/// What [`encode_pairs`](crate::encode_pairs), [`encode_unpaired`](crate::encode_unpaired) or
/// [`encode_texts`](crate::encode_texts) changed or left out; rows are counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EncodeReport {
    /// The number of rows in the input.
    pub rows: usize,
    /// How many rows had the prompt taken off their texts.
    pub prompt_stripped: usize,
    /// How many sequences (two of a pair) were cut to `max_length`.
    pub truncated_sequences: usize,
    /// How many rows have a prompt whose last tokens merge with the completion's first: the completion starts earlier.
    pub merged_boundaries: usize,
    /// How many of the pairs kept have two equal sides, so that there is nothing to prefer.
    pub equal_pairs: usize,
    /// How many of the pairs kept have sides that are equal only because both were cut to `max_length`.
    pub equal_when_cut: usize,
    /// Rows left out because the prompt alone fills `max_length`.
    pub dropped_long_prompts: Vec<usize>,
    /// Rows left out because a completion has no token that a model could be asked to predict.
    pub dropped_empty_completions: Vec<usize>,
}

impl fmt::Display for EncodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.rows - self.dropped_long_prompts.len() - self.dropped_empty_completions.len();
        write!(f, "{kept} of {} rows encoded", self.rows)?;
        let counts = [
            (self.prompt_stripped, "with the prompt taken off"),
            (self.truncated_sequences, "sequences cut to max_length"),
            (self.merged_boundaries, "with tokens merged across the end of the prompt"),
            (self.equal_pairs, "with equal sides"),
            (self.equal_when_cut, "with sides that are equal when cut to max_length"),
            (self.dropped_long_prompts.len(), "dropped: the prompt fills max_length"),
            (self.dropped_empty_completions.len(), "dropped: a completion is empty"),
        ];
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "; {count} {what}")?;
        }
        Ok(())
    }
}
