use align_base::counted;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What [`encode_pairs`](crate::encode_pairs), [`encode_unpaired`](crate::encode_unpaired) or
/// [`encode_texts`](crate::encode_texts) changed or dropped. Rows are counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodeReport {
    /// Number of input rows.
    pub rows: usize,
    /// Whether rows are sides of preference pairs, of which each pair has two. The numbers of rows are then those of the
    /// pairs, and may occur twice.
    pub sides_of_pairs: bool,
    /// Rows whose completions began with the prompt, which was removed.
    pub prompt_stripped: usize,
    /// Sequences (two per pair) truncated to `max_length`.
    pub truncated_sequences: usize,
    /// Rows in which the tokeniser merges the end of the prompt and the beginning of the completion into one token, which
    /// then counts as part of the completion. In conversations: rows whose prompt alone ends otherwise than in front of
    /// a completion.
    pub merged_boundaries: usize,
    /// Rows whose prompts end with a space, which often forms one token with the completion's first word.
    pub prompts_ending_in_space: usize,
    /// Pairs whose chosen and rejected completions are equal, so that they have no gradient, and that
    /// [`InvalidRows::KeepEqual`](crate::InvalidRows::KeepEqual) kept.
    pub equal_pairs: Vec<usize>,
    /// Kept pairs whose completions are equal only after truncation to `max_length`.
    pub equal_after_truncation: usize,
    /// Rows dropped because the prompt alone fills `max_length`.
    pub dropped_long_prompts: Vec<usize>,
    /// Pairs dropped because one of their texts is longer than `max_length`, which [`encode_reward_pairs`](crate::encode_reward_pairs) does not truncate.
    pub dropped_long_texts: Vec<usize>,
    /// Rows dropped because a completion is empty.
    pub dropped_empty_completions: Vec<usize>,
    /// Pairs dropped because both completions are equal.
    pub dropped_equal_pairs: Vec<usize>,
    /// Conversations dropped because the assistant says nothing in them that could be trained on.
    pub dropped_without_assistant: Vec<usize>,
    /// Conversations dropped because the chat template refuses them.
    pub dropped_by_template: Vec<usize>,
    /// The file of the template, and why it refuses the first of them.
    pub template_refusal: Option<String>,
}

/// Most row numbers that a message lists.
const MAX_LISTED: usize = 10;

impl EncodeReport {
    /// Rows that were kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        let invalid: usize = self.dropped_invalid().iter().map(|(rows, _)| rows.len()).sum();
        self.rows - self.dropped_long_prompts.len() - self.dropped_long_texts.len() - invalid
    }

    /// What was changed or dropped, in words.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        let unit = self.unit();
        let stripped =
            if self.sides_of_pairs { "prompt removed from " } else { "prompt removed from the completions of " };
        let spaced = if self.merged_boundaries > 0 { self.prompts_ending_in_space } else { 0 };
        let counts = [
            (self.prompt_stripped, stripped, unit),
            (self.merged_boundaries, "one token spans prompt and completion in ", unit),
            (spaced, "the space at the end of the prompt forms one token with the completion: remove it from ", unit),
            (self.equal_pairs.len(), "equal completions in ", "row"),
            (self.equal_after_truncation, "completions equal after truncation to max_length in ", "row"),
        ];
        let counts = counts.into_iter().filter(|(count, ..)| *count > 0);
        let mut changes: Vec<String> =
            counts.map(|(count, before, unit)| format!("{before}{}", counted(count, unit))).collect();
        let long = [
            (&self.dropped_long_prompts, "the prompt fills max_length".to_owned()),
            (&self.dropped_long_texts, "a text is longer than max_length".to_owned()),
        ];
        changes.extend(self.dropped(long));
        changes.extend(self.invalid_rows());
        match self.truncated_sequences {
            0 => {}
            1 => changes.push("1 sequence truncated to max_length".to_owned()),
            count => changes.push(format!("{count} sequences truncated to max_length")),
        }
        changes
    }

    /// Whether the chat template refuses all rows, so that the template is probably wrong and not the rows.
    #[must_use]
    pub fn is_template_broken(&self) -> bool {
        self.rows > 0 && self.dropped_by_template.len() == self.rows
    }

    /// Whether `max_length` is a reason for dropped rows.
    #[must_use]
    pub fn has_too_long_rows(&self) -> bool {
        !self.dropped_long_prompts.is_empty() || !self.dropped_long_texts.is_empty()
    }

    /// The rows that were dropped because they teach nothing, in words.
    pub(crate) fn invalid_rows(&self) -> Vec<String> {
        self.dropped(self.dropped_invalid()).collect()
    }

    /// Groups of dropped rows in words, without those that are empty.
    fn dropped<const N: usize>(&self, groups: [(&Vec<usize>, String); N]) -> impl Iterator<Item = String> {
        let groups = groups.into_iter().filter(|(rows, _)| !rows.is_empty());
        groups
            .map(|(rows, why)| format!("{} dropped because {why} ({})", counted(rows.len(), self.unit()), listed(rows)))
    }

    /// What `rows` counts, in words: `row`, or `completion` if rows are sides of pairs.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        if self.sides_of_pairs { "completion" } else { "row" }
    }

    /// How many rows are left, in words: `3 of 4 rows encoded`.
    #[must_use]
    pub fn summary(&self) -> String {
        format!("{} of {} encoded", self.kept(), counted(self.rows, self.unit()))
    }

    fn dropped_invalid(&self) -> [(&Vec<usize>, String); 4] {
        let refusal = self.template_refusal.as_deref().unwrap_or_default();
        let equal = if self.sides_of_pairs { "both sides of the pair are equal" } else { "both completions are equal" };
        [
            (&self.dropped_by_template, format!("the chat template refuses them: {refusal}")),
            (&self.dropped_empty_completions, "a completion is empty".to_owned()),
            (&self.dropped_equal_pairs, equal.to_owned()),
            (&self.dropped_without_assistant, "the assistant says nothing in them".to_owned()),
        ]
    }

    /// The numbers that the rows take, of which sides of a pair share one.
    pub(crate) fn numbers(&self) -> usize {
        if self.sides_of_pairs { self.rows / 2 } else { self.rows }
    }

    /// Counts the numbers of the rows from `first`.
    pub(crate) fn count_from(&mut self, first: usize) {
        self.row_lists().into_iter().flatten().for_each(|row| *row += first);
    }

    /// Adds what was changed or dropped in the rows that follow, which are counted on.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.rows += other.rows;
        self.sides_of_pairs |= other.sides_of_pairs;
        self.prompt_stripped += other.prompt_stripped;
        self.truncated_sequences += other.truncated_sequences;
        self.merged_boundaries += other.merged_boundaries;
        self.prompts_ending_in_space += other.prompts_ending_in_space;
        self.equal_after_truncation += other.equal_after_truncation;
        self.row_lists().into_iter().zip(other.row_lists()).for_each(|(rows, more)| rows.append(more));
        self.template_refusal = self.template_refusal.take().or(other.template_refusal);
    }

    fn row_lists(&mut self) -> [&mut Vec<usize>; 7] {
        [
            &mut self.equal_pairs,
            &mut self.dropped_long_prompts,
            &mut self.dropped_long_texts,
            &mut self.dropped_empty_completions,
            &mut self.dropped_equal_pairs,
            &mut self.dropped_without_assistant,
            &mut self.dropped_by_template,
        ]
    }

    /// Notes a row that the chat template refuses.
    pub(crate) fn refuse(&mut self, row: usize, reason: String) {
        self.dropped_by_template.push(row);
        self.template_refusal.get_or_insert(reason);
    }
}

/// The numbers of rows, counted from 1.
fn listed(rows: &[usize]) -> String {
    let mut rows = rows.to_vec();
    rows.dedup();
    let numbers: Vec<String> = rows.iter().take(MAX_LISTED).map(|row| (row + 1).to_string()).collect();
    let more = if rows.len() > MAX_LISTED { ", …" } else { "" };
    format!("row{} {}{more}", if rows.len() == 1 { "" } else { "s" }, numbers.join(", "))
}

impl fmt::Display for EncodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        self.changes().iter().try_for_each(|change| write!(f, "; {change}"))
    }
}
