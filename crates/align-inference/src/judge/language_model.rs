use super::Judge;
use crate::{Error, InferenceIdentity, PromptCompletion, Result, shared_completion_logps};
use align_data::{CompletionExample, EncodedCompletion, Tokenizer, encode_completions};
use align_distributed::ProcessGroup;
use align_models::CausalLm;
use serde_json::Value;
use std::sync::Arc;

/// How likely a text is under a language model: `1/n Σ_t log π(y_t | x, y_<t)` in nats, which is minus the logarithm of its perplexity.
///
/// A measure of fluency: with the model before training as `π`, texts that it could have written have high scores. The first token of a text
/// without a prompt is not predicted and does not count. Texts are truncated to the maximum length of the model, with a
/// warning.
pub struct MeanLogp {
    model: Box<dyn CausalLm>,
    tokenizer: Tokenizer,
    batch_size: usize,
    group: Arc<ProcessGroup>,
}

impl MeanLogp {
    /// A judge by a language model and its tokeniser, which scores `batch_size` texts at a time.
    #[must_use]
    pub fn new(model: Box<dyn CausalLm>, tokenizer: Tokenizer, batch_size: usize) -> Self {
        Self { model, tokenizer, batch_size, group: Arc::new(ProcessGroup::single()) }
    }

    /// Shares out the batches among the processes of a group, as [`RewardModel::with_process_group`](crate::RewardModel::with_process_group)
    /// does.
    #[must_use]
    pub fn with_process_group(self, group: Arc<ProcessGroup>) -> Self {
        Self { group, ..self }
    }

    fn mean_logps(&self, mut rows: Vec<EncodedCompletion>) -> Result<Vec<f64>> {
        let longest = self.model.max_position_embeddings() as usize;
        let mut truncated = 0;
        for (number, EncodedCompletion { prompt_ids, completion_ids }) in rows.iter_mut().enumerate() {
            truncated += usize::from(prompt_ids.len() + completion_ids.len() > longest);
            completion_ids.truncate(longest.saturating_sub(prompt_ids.len()));
            if completion_ids.len() < 1 + usize::from(prompt_ids.is_empty()) {
                let reason = match prompt_ids.len() < longest {
                    true => "it is too short".to_owned(),
                    false => format!("its prompt has {} tokens, and the model takes {longest}", prompt_ids.len()),
                };
                return Err(Error::Input(format!(
                    "text {} has no token whose probability the language model predicts, since {reason}: leave it out",
                    number + 1
                )));
            }
        }
        if truncated > 0 {
            tracing::warn!(
                "{truncated} of {} are longer than the {longest} tokens of the language model: the rest is not scored",
                align_base::counted(rows.len(), "text")
            );
        }
        let rows: Vec<PromptCompletion> = rows.iter().map(PromptCompletion::from).collect();
        let logps = shared_completion_logps(&self.group, self.model.as_ref(), &rows, self.batch_size)?;
        let mean = |logps: &Vec<f32>| logps.iter().copied().map(f64::from).sum::<f64>() / logps.len() as f64;
        Ok(logps.iter().map(mean).collect())
    }
}

impl Judge for MeanLogp {
    fn scores_of_texts(&self, texts: &[&str]) -> Result<Vec<f64>> {
        let ids = self.tokenizer.encode_batch(texts, true, None)?;
        self.mean_logps(
            ids.into_iter()
                .map(|completion_ids| EncodedCompletion { prompt_ids: Vec::new(), completion_ids })
                .collect(),
        )
    }

    fn scores_of_rows(&self, rows: &[CompletionExample]) -> Result<Vec<f64>> {
        self.mean_logps(encode_completions(&self.tokenizer, rows, false)?)
    }

    fn score_name(&self) -> String {
        "mean-logp".to_owned()
    }

    fn identity(&self) -> Result<Value> {
        let identity = InferenceIdentity::of(self.model.as_ref(), &self.tokenizer)?;
        serde_json::to_value(identity).map_err(|e| Error::Identity(e.to_string()))
    }
}
