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
        let rows = |count: usize| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
        let counts = [
            (self.prompt_stripped, "prompt removed from the completions of ", ""),
            (self.merged_boundaries, "one token spans prompt and completion in ", ""),
            (self.equal_pairs, "equal completions in ", ""),
            (self.equal_after_truncation, "completions equal after truncation to max_length in ", ""),
            (self.dropped_long_prompts.len(), "", " dropped because the prompt fills max_length"),
            (self.dropped_empty_completions.len(), "", " dropped because a completion is empty"),
        ];
        let counts = counts.into_iter().filter(|(count, ..)| *count > 0);
        let mut changes: Vec<String> =
            counts.map(|(count, before, after)| format!("{before}{}{after}", rows(count))).collect();
        match self.truncated_sequences {
            0 => {}
            1 => changes.push("1 sequence truncated to max_length".to_owned()),
            count => changes.push(format!("{count} sequences truncated to max_length")),
        }
        changes
    }
}

impl fmt::Display for EncodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} encoded", self.kept(), counted(self.rows, "row"))?;
        self.changes().iter().try_for_each(|change| write!(f, "; {change}"))
    }
}
