use crate::objective::Row;

/// A tokenised completion of a prompt with its advantage.
///
/// ```
/// use align_train::objective::GroupPolicyRow;
/// let row = GroupPolicyRow { advantage: 0.5, ..GroupPolicyRow::new(vec![5, 6], vec![7, 8, 0], 0) };
/// assert!(row.old_logps.is_none() && !row.truncated);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPolicyRow {
    /// The ids of the prompt, at least one.
    pub prompt_ids: Vec<i64>,
    /// The ids of the completion, with EOS unless it was cut off; at least one.
    pub completion_ids: Vec<i64>,
    /// By how much the completion is better than others of its prompt.
    pub advantage: f64,
    /// The log-probability of each token of the completion under the policy that generated it, in nats. `None` if the policy has made no
    /// step since.
    pub old_logps: Option<Vec<f32>>,
    /// The log-probability of each token of the completion under the reference model, in nats. `None` if the objective has the model, or
    /// needs none.
    pub reference_logps: Option<Vec<f32>>,
    /// Whether the completion was cut off at the maximum length. `mask_truncated_completions` leaves such rows out of the loss.
    pub truncated: bool,
    /// The index of the row in its input, from 0, for messages.
    pub row: usize,
}

impl GroupPolicyRow {
    /// A completion that was not cut off, with advantage 0 and without log-probabilities.
    #[must_use]
    pub fn new(prompt_ids: Vec<i64>, completion_ids: Vec<i64>, row: usize) -> Self {
        Self {
            prompt_ids,
            completion_ids,
            advantage: 0.0,
            old_logps: None,
            reference_logps: None,
            truncated: false,
            row,
        }
    }

    /// The ids of the prompt and of the completion.
    pub fn sequence(&self) -> (&[i64], &[i64]) {
        (&self.prompt_ids, &self.completion_ids)
    }
}

impl Row for GroupPolicyRow {
    fn index(&self) -> usize {
        self.row
    }

    fn prompt_ids(&self) -> &[i64] {
        &self.prompt_ids
    }

    fn completions(&self) -> Vec<(&'static str, &[i64])> {
        vec![("generated", &self.completion_ids)]
    }

    fn other_bytes(&self) -> Vec<u8> {
        let mut bytes = self.advantage.to_le_bytes().to_vec();
        bytes.push(u8::from(self.truncated));
        for logps in [&self.old_logps, &self.reference_logps] {
            let logps = logps.as_deref().unwrap_or_default();
            bytes.extend((logps.len() as u64).to_le_bytes());
            bytes.extend(logps.iter().flat_map(|logp| logp.to_le_bytes()));
        }
        bytes
    }
}
