use super::row::{check_rows, padding_id};
use super::token_cross_entropy::{TokenCrossEntropy, token_cross_entropy};
use super::{Batch, BatchOutput, Objective, Row, SequenceTokens, Split};
use crate::{BatchMetrics, Error, Metrics, Result, RunConfig, SftConfig};
use align_data::{CompletionBatch, EncodedText};
use align_distributed::ProcessGroup;
use align_losses::Mean;
use align_models::{Attention, CausalLm};
use tch::{Kind, Tensor};

/// Supervised fine-tuning: the cross-entropy of the next token, `-1/N Σ log π(y_t | y_<t)`. `N` is the number of predicted tokens in the
/// whole optimiser step, however they are distributed over its batches.
#[derive(Debug)]
pub struct Sft {
    policy: Box<dyn CausalLm>,
    config: SftConfig,
}

impl Sft {
    /// Creates the objective.
    ///
    /// # Errors
    /// Invalid options.
    pub fn new(policy: impl CausalLm + 'static, config: SftConfig) -> Result<Self> {
        config.validate()?;
        let policy: Box<dyn CausalLm> = Box::new(policy);
        Ok(Self { policy, config })
    }

    /// Whether the loss excludes prompt tokens.
    fn completion_only(&self) -> bool {
        self.config.completion_only_loss.unwrap_or(true)
    }

    /// 1 at the tokens whose prediction is trained, 0 elsewhere: `(rows, seq)`.
    fn loss_mask(&self, rows: &[&EncodedText], batch: &CompletionBatch) -> Result<Tensor> {
        let (_, width) = batch.input_ids.size2()?;
        let mut mask = Vec::with_capacity(rows.len() * width as usize);
        for (row, text) in rows.iter().enumerate() {
            mask.extend(text.trained(self.completion_only()).map(i64::from));
            mask.resize((row + 1) * width as usize, 0);
        }
        let mask = Tensor::f_from_slice(&mask)?.f_view([rows.len() as i64, width])?;
        Ok(mask.f_to_device(self.policy.device())?)
    }

    /// The number of predicted tokens of a row. The first token of a sequence is never predicted.
    fn predicted_tokens(&self, row: &EncodedText) -> usize {
        row.trained(self.completion_only()).skip(1).filter(|trained| *trained).count()
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

    fn prepare(&mut self, split: Split, rows: &[EncodedText], _: &ProcessGroup) -> Result<()> {
        let what = split.name();
        check_rows(rows, &self.policy, what)?;
        if let Some(limit) = self.config.max_length
            && let Some(row) = rows.iter().find(|row| row.max_sequence_tokens() > limit)
        {
            let (number, tokens) = (row.row + 1, row.max_sequence_tokens());
            return Err(Error::Data(format!(
                "{what} row {number} has {tokens} tokens, but max_length is {limit}: encode the rows with SftConfig::encode"
            )));
        }
        if self.config.completion_only_loss == Some(true)
            && let Some(row) = rows.iter().find(|row| row.prompt_ids.is_empty())
        {
            let number = row.row + 1;
            let reason = format!("is true, but {what} row {number} has no prompt: add prompts, or remove the option");
            return Err(Error::Config { option: "completion_only_loss", reason });
        }
        Ok(())
    }

    /// The number of predicted tokens.
    fn batch_weight(&self, batch: &Batch<'_, EncodedText>) -> f64 {
        batch.all_rows().map(|row| self.predicted_tokens(row) as f64).sum()
    }

    fn compute_loss(&mut self, batch: &Batch<'_, EncodedText>, gradient_scale: Option<f64>) -> Result<BatchOutput> {
        let rows = batch.rows();
        let sequences: Vec<_> =
            rows.iter().map(|row| (row.prompt_ids.as_slice(), row.completion_ids.as_slice())).collect();
        let pad = padding_id(&self.policy);
        let sequences = CompletionBatch::new(&sequences, pad)?.to_device(self.policy.device())?;
        let tokens = SequenceTokens::from_mask(&sequences.input_ids, &self.loss_mask(&rows, &sequences)?)?;
        let count = tokens.targets.size1()? as f64;
        let hidden = self.policy.hidden(&sequences.input_ids, None, &Attention::Causal, None)?;
        let selected = tokens.select_hidden(&hidden)?;
        // The loss is a mean over the tokens of all processes.
        let scale = gradient_scale.map(|scale| scale / self.batch_weight(batch).max(1.0));
        batch.begin_last_backward();
        let TokenCrossEntropy { loss, entropy, correct } =
            token_cross_entropy(&self.policy, &selected, &tokens.targets, scale)?;
        let mean = |sum: f64| Mean::over_tokens(sum / count.max(1.0), count);
        let mut metrics = BatchMetrics::default();
        metrics.set("entropy", mean(entropy));
        metrics.set("mean_token_accuracy", mean(correct));
        let all_tokens = sequences.attention_mask.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        Ok(BatchOutput { loss_terms: vec![mean(loss)], metrics, tokens: all_tokens as u64 })
    }

    fn finish_evaluation(&self, loss: f64, metrics: &mut Metrics) {
        // An overflowing perplexity is omitted; the loss has the same information.
        let perplexity = loss.exp();
        if perplexity.is_finite() {
            metrics.set("perplexity", perplexity);
        }
    }
}
