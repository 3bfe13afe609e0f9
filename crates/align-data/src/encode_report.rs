use align_base::counted;
use serde::Serialize;
use std::fmt;

/// What [`encode_pairs`](crate::encode_pairs), [`encode_unpaired`](crate::encode_unpaired) or
/// [`encode_texts`](crate::encode_texts) changed or dropped. Rows are counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EncodeReport {
    /// Number of input rows.
    pub rows: usize,
    /// Rows whose completions began with the prompt, which was removed.
    pub prompt_stripped: usize,
    /// Sequences (two per pair) truncated to `max_length`.
    pub truncated_sequences: usize,
    /// Rows in which the tokeniser merges the end of the prompt and the beginning of the completion into one token, which
    /// then counts as part of the completion.
    pub merged_boundaries: usize,
    /// Kept pairs whose chosen and rejected completions are equal, so that they have no gradient.
    pub equal_pairs: usize,
    /// Kept pairs whose completions are equal only after truncation to `max_length`.
    pub equal_after_truncation: usize,
    /// Rows dropped because the prompt alone fills `max_length`.
    pub dropped_long_prompts: Vec<usize>,
    /// Rows dropped because a completion is empty.
    pub dropped_empty_completions: Vec<usize>,
}

impl EncodeReport {
    /// Rows that were kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.rows - self.dropped_long_prompts.len() - self.dropped_empty_completions.len()
    }

    /// What was changed or dropped, in words.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        let counts = [
            (self.prompt_stripped, "with the prompt removed"),
            (self.truncated_sequences, "sequences truncated to max_length"),
            (self.merged_boundaries, "with a token that spans prompt and completion"),
            (self.equal_pairs, "with equal completions"),
            (self.equal_after_truncation, "with completions that are equal after truncation to max_length"),
            (self.dropped_long_prompts.len(), "dropped: the prompt fills max_length"),
            (self.dropped_empty_completions.len(), "dropped: a completion is empty"),
        ];
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

impl fmt::Display for EncodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} encoded", self.kept(), counted(self.rows, "row"))?;
        self.changes().iter().try_for_each(|change| write!(f, "; {change}"))
    }
}
