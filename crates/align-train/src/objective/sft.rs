use super::row::{check_rows, padding_id};
use super::token_cross_entropy::{TokenCrossEntropy, token_cross_entropy};
use super::{Batch, BatchOutcome, Objective, Row, SequenceTokens, Split};
use crate::{BatchMetrics, Error, Metrics, Result, RunConfig, SftConfig};
use align_data::{CompletionBatch, EncodedText};
use align_losses::Mean;
use align_models::{Attention, CausalLm};
use tch::Kind;

/// Supervised fine-tuning: the next token's cross-entropy, `-1/N Σ log π(y_t | y_<t)` over the `N` predicted tokens of a whole
/// optimiser step, however they are spread over its micro-batches.
#[derive(Debug)]
pub struct Sft {
    policy: Box<dyn CausalLm>,
    config: SftConfig,
}

impl Sft {
    /// The objective of a configuration.
    ///
    /// # Errors
    /// Options that contradict each other.
    pub fn new(policy: impl CausalLm + 'static, config: SftConfig) -> Result<Self> {
        config.validate()?;
        let policy: Box<dyn CausalLm> = Box::new(policy);
        Ok(Self { policy, config })
    }

    /// Whether a prompt's tokens are only given, not learnt.
    fn only_completions(&self) -> bool {
        self.config.completion_only_loss.unwrap_or(true)
    }

    /// Tokens of a row that are predicted: the first token of a sequence never is.
    fn predicted(&self, row: &EncodedText) -> usize {
        let (prompt, completion) = (row.prompt_ids.len(), row.completion_ids.len());
        let before = if self.only_completions() { prompt } else { 0 };
        prompt + completion - before.max(1)
    }
}

impl Objective for Sft {
    type Model = Box<dyn CausalLm>;
    type Row = EncodedText;
    type Config = SftConfig;

    fn config(&self) -> &SftConfig {
        &self.config
    }

    fn policy(&self) -> &Self::Model {
        &self.policy
    }

    fn policy_mut(&mut self) -> &mut Self::Model {
        &mut self.policy
    }

    fn into_policy(self) -> Box<dyn CausalLm> {
        self.policy
    }

    fn prepare(&mut self, split: Split, rows: &[EncodedText]) -> Result<()> {
        let what = split.name();
        check_rows(rows, &self.policy, what)?;
        if let Some(limit) = self.config.max_length
            && let Some(row) = rows.iter().find(|row| row.tokens() > limit)
        {
            let (number, tokens) = (row.row + 1, row.tokens());
            return Err(Error::Data(format!(
                "{what} row {number} has {tokens} tokens, max_length is {limit}: encode the rows with SftConfig::encode"
            )));
        }
        if self.config.completion_only_loss == Some(true)
            && let Some(row) = rows.iter().find(|row| row.prompt_ids.is_empty())
        {
            let number = row.row + 1;
            let reason =
                format!("is true, but {what} row {number} has no prompt: give prompts, or leave the option out");
            return Err(Error::Config { option: "completion_only_loss", reason });
        }
        Ok(())
    }

    /// Predicted tokens.
    fn weight(&self, batch: &Batch<'_, EncodedText>) -> f64 {
        batch.rows().into_iter().map(|row| self.predicted(row) as f64).sum()
    }

    fn batch(&mut self, batch: &Batch<'_, EncodedText>, share: Option<f64>) -> Result<BatchOutcome> {
        let rows = batch.rows();
        let sequences: Vec<_> =
            rows.iter().map(|row| (row.prompt_ids.as_slice(), row.completion_ids.as_slice())).collect();
        let pad = padding_id(&self.policy);
        let sequences = CompletionBatch::new(&sequences, pad)?.to_device(self.policy.device())?;
        let learnt = if self.only_completions() { &sequences.completion_mask } else { &sequences.attention_mask };
        let tokens = SequenceTokens::of_mask(&sequences.input_ids, learnt)?;
        let count = tokens.targets.size1()?.max(1) as f64;
        let selected = tokens.select(&self.policy.hidden(&sequences.input_ids, None, &Attention::Causal, None)?)?;
        let scale = share.map(|share| share / count);
        let TokenCrossEntropy { loss, entropy, correct } =
            token_cross_entropy(&self.policy, &selected, &tokens.targets, scale)?;
        let mean = |sum: f64| Mean::over_tokens(sum / count, count);
        let mut metrics = BatchMetrics::default();
        metrics.set("entropy", mean(entropy));
        metrics.set("mean_token_accuracy", mean(correct));
        let seen = sequences.attention_mask.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        Ok(BatchOutcome { losses: vec![mean(loss)], metrics, tokens: seen as u64 })
    }

    fn finish_evaluation(&self, loss: f64, metrics: &mut Metrics) {
        // Where it is beyond any float, the loss says it.
        let perplexity = loss.exp();
        if perplexity.is_finite() {
            metrics.set("perplexity", perplexity);
        }
    }
}
