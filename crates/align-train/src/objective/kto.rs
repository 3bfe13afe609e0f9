use super::gather::gather_rows;
use super::logps_cache::LogpsCache;
use super::preference_checks::check_labels_agree;
use super::reference::Reference;
use super::row::{check_rows, padding_id};
use super::row_statistics::{HISTOGRAMS, RowStatistics, mean_of, to_f64s};
use super::token_logps::logps_kind;
use super::{Batch, BatchOutput, Objective, SequenceTokens, Split, TokenLogps};
use crate::{BatchMetrics, Error, KtoConfig, Metrics, Result, RunConfig};
use align_data::{CompletionBatch, EncodedUnpairedPreference};
use align_distributed::ProcessGroup;
use align_losses::{BcoShift, LinearLogpsOptions, Mean, Over, ReferencePoint, kto_kl};
use align_models::{Attention, CausalLm, ModelIdentity};
use std::path::Path;
use tch::{Kind, Tensor};

/// Preference optimisation with unpaired data, completions labelled desirable or undesirable: KTO (arXiv:2402.01306), BCO
/// (arXiv:2404.04656) and unpaired APO-zero (arXiv:2408.06266).
#[derive(Debug)]
pub struct Kto {
    policy: Box<dyn CausalLm>,
    reference: Reference,
    config: KtoConfig,
    shift: BcoShift,
}

/// The tokenised sequences of a batch, as input for the models.
struct Sequences {
    batch: CompletionBatch,
    tokens: SequenceTokens,
}

impl Sequences {
    /// A model's final hidden states, `(batch, seq, hidden_size)`.
    fn hidden(&self, model: &dyn CausalLm) -> Result<Tensor> {
        Ok(model.hidden(&self.batch.input_ids, None, &Attention::Causal, None)?)
    }

    /// A model's log-probability of each completion, `(batch)`, without a graph.
    fn logps_without_graph(&self, model: &dyn CausalLm) -> Result<Tensor> {
        let logps = |hidden| TokenLogps::without_graph(model, &hidden, &self.tokens);
        tch::no_grad(|| self.tokens.sequence_logps(&logps(self.hidden(model)?)?))
    }
}

impl Kto {
    /// Creates the objective. Without a `reference`, the reference model is a copy of the policy.
    ///
    /// # Errors
    /// Invalid options, or a reference model with another vocabulary.
    pub fn new(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        config: KtoConfig,
    ) -> Result<Self> {
        config.validate()?;
        let policy: Box<dyn CausalLm> = Box::new(policy);
        let reference = Reference::new(reference, &policy)?;
        Ok(Self { policy, reference, config, shift: BcoShift::default() })
    }

    /// Whether the loss needs KTO's KL estimate, which is computed from mismatched prompts and completions.
    fn needs_kl(&self) -> bool {
        self.config.loss_type.reference_point() == ReferencePoint::MismatchedKl
    }

    fn sequences(&self, rows: &[(&[i64], &[i64])]) -> Result<Sequences> {
        let pad = padding_id(&self.policy);
        let batch = CompletionBatch::new(rows, pad)?.to_device(self.policy.device())?;
        let tokens = SequenceTokens::from_batch(&batch)?;
        Ok(Sequences { batch, tokens })
    }

    /// Mismatched sequences: each prompt with the completion of another row.
    fn mismatched(&self, batch: &Batch<'_, EncodedUnpairedPreference>) -> Result<Sequences> {
        let window = self.config.training.train_batch_size();
        let max_tokens =
            self.config.max_length.unwrap_or(usize::MAX).min(self.policy.max_position_embeddings() as usize);
        let pair = |index: &usize| {
            let row = batch.dataset.get(*index)?;
            let other = batch.dataset.get(mismatched_row(*index, window, batch.dataset.len()))?;
            let available = max_tokens.saturating_sub(row.prompt_ids.len());
            Some((row.prompt_ids.as_slice(), other.completion_ids.get(..available).unwrap_or(&other.completion_ids)))
        };
        self.sequences(&batch.indices.iter().filter_map(pair).collect::<Vec<_>>())
    }

    /// The reference point of the loss, one number, which rewards or log-ratios `(batch)` are compared with.
    fn reference_point(
        &mut self,
        log_ratios: &Tensor,
        kl: Option<Tensor>,
        (group, training): (&ProcessGroup, bool),
    ) -> Result<Tensor> {
        if self.config.loss_type.reference_point() == ReferencePoint::MeanReward {
            if training {
                self.shift.update(&gather_rows(group, log_ratios)?.f_mul_scalar(self.config.beta)?)?;
            }
            return Ok(Tensor::from(self.shift.delta()));
        }
        kl.map_or_else(|| Ok(Tensor::from(0f32).f_to_device(log_ratios.device())?), Ok)
    }

    /// The reference log-probabilities of the batch's own sequences and of the mismatched ones, if there are any, each `(batch)`.
    fn reference_logps(
        &mut self,
        batch: &Batch<'_, EncodedUnpairedPreference>,
        own: &Sequences,
        mismatched: Option<&Sequences>,
    ) -> Result<(Tensor, Option<Tensor>)> {
        let sequences = 1 + i64::from(mismatched.is_some());
        let positions = |cache: &LogpsCache| {
            let starts = batch.indices.iter().map(|row| cache.start(*row));
            let positions: Vec<i64> = starts.flat_map(|start| start..start + sequences).collect();
            Ok(Tensor::f_from_slice(&positions)?)
        };
        let logps = self.reference.logps(batch.split, positions, |model| {
            let logps = std::iter::once(own).chain(mismatched).map(|x| x.logps_without_graph(model));
            Ok(Tensor::f_stack(&logps.collect::<Result<Vec<_>>>()?, 1)?)
        })?;
        let logps = logps.f_view([-1, sequences])?.f_to_device(self.policy.device())?;
        let mismatched_logps = mismatched.map(|_| logps.f_select(1, 1)).transpose()?;
        Ok((logps.f_select(1, 0)?, mismatched_logps))
    }

    /// Takes part in the exchanges of a batch of which this process has no rows.
    fn compute_nothing(&mut self, batch: &Batch<'_, EncodedUnpairedPreference>, training: bool) -> Result<BatchOutput> {
        let none = Tensor::f_zeros([0], (logps_kind(&self.policy), self.policy.device()))?;
        let kl = match self.needs_kl() {
            true => Some(kto_kl(&gather_rows(batch.group, &none)?)?),
            false => None,
        };
        let _ = self.reference_point(&none, kl, (batch.group, training))?;
        self.reference.exchange(batch.split, batch.group)?;
        Ok(BatchOutput::default())
    }

    fn metrics(
        &self,
        labels: &[bool],
        logps: &Tensor,
        log_ratios: &Tensor,
        statistics: Option<&RowStatistics>,
    ) -> Result<BatchMetrics> {
        let mut metrics = BatchMetrics::default();
        let label = |row: usize| labels.get(row).copied().unwrap_or(false);
        let (chosen, rejected) = (label, |row: usize| !label(row));
        let (logps, log_ratios) = (to_f64s(logps)?, to_f64s(log_ratios)?);
        let rewards: Vec<f64> = log_ratios.iter().map(|h| self.config.beta * h).collect();
        for (name, values, desirable) in [
            ("rewards/chosen", &rewards, true),
            ("rewards/rejected", &rewards, false),
            ("logps/chosen", &logps, true),
            ("logps/rejected", &logps, false),
            ("log_ratios/chosen", &log_ratios, true),
            ("log_ratios/rejected", &log_ratios, false),
        ] {
            metrics.set(name, mean_of(values, Over::Rows, |row| label(row) == desirable));
            if HISTOGRAMS.contains(&name) {
                let selected = values.iter().enumerate().filter(|(row, _)| label(*row) == desirable);
                metrics.set_row_values(name, selected.map(|(_, value)| *value).collect());
            }
        }
        if let Some(statistics) = statistics {
            metrics.set("logits/chosen", statistics.mean_logit(chosen));
            metrics.set("logits/rejected", statistics.mean_logit(rejected));
            metrics.set("entropy", statistics.entropy(|_| true));
        }
        Ok(metrics)
    }
}

impl Objective for Kto {
    type Model = Box<dyn CausalLm>;
    type Row = EncodedUnpairedPreference;
    type Config = KtoConfig;

    fn config(&self) -> &KtoConfig {
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

    fn prepare(&mut self, split: Split, rows: &[EncodedUnpairedPreference], group: &ProcessGroup) -> Result<()> {
        let what = split.name();
        check_rows(rows, &self.policy, what)?;
        check_labels_agree(split, rows)?;
        if self.needs_kl() && rows.len() < 2 {
            return Err(Error::Data(format!(
                "loss_type kto combines each prompt with the completion of another row, but there is only one {what} row: add rows, or \
                 use loss_type apo_zero_unpaired"
            )));
        }
        if split == Split::Train {
            self.config.check_last_batch(rows.len())?;
        }
        if let Some(max_length) = self.config.max_length
            && let Some(row) = rows.iter().find(|row| row.prompt_ids.len() >= max_length)
        {
            let (number, length) = (row.row + 1, row.prompt_ids.len());
            return Err(Error::Data(format!(
                "{what} row {number} has a prompt of {length} tokens, which leaves no room for a completion within max_length \
                 {max_length}: encode the rows with the same max_length"
            )));
        }
        let sequences = if self.needs_kl() { 2 } else { 1 };
        self.reference.prepare((split, rows), group, |_| sequences)
    }

    fn compute_loss(
        &mut self,
        batch: &Batch<'_, EncodedUnpairedPreference>,
        gradient_scale: Option<f64>,
    ) -> Result<BatchOutput> {
        let rows = batch.rows();
        if rows.is_empty() {
            return self.compute_nothing(batch, gradient_scale.is_some());
        }
        let labels: Vec<bool> = rows.iter().map(|row| row.label).collect();
        let own: Vec<_> = rows.iter().map(|row| (row.prompt_ids.as_slice(), row.completion_ids.as_slice())).collect();
        let own = self.sequences(&own)?;
        let mismatched = if self.needs_kl() { Some(self.mismatched(batch)?) } else { None };
        let (reference, mismatched_reference) = self.reference_logps(batch, &own, mismatched.as_ref())?;
        let kl = match mismatched.zip(mismatched_reference) {
            None => None,
            Some((x, reference)) => {
                let log_ratios = x.logps_without_graph(&self.policy)?.f_sub(&reference)?;
                Some(kto_kl(&gather_rows(batch.group, &log_ratios)?)?)
            }
        };
        let options = LinearLogpsOptions { statistics: true, ..LinearLogpsOptions::default() };
        let hidden = own.hidden(&self.policy)?;
        let TokenLogps { logps, statistics } = TokenLogps::new(&self.policy, &hidden, &own.tokens, &options)?;
        let logps = own.tokens.sequence_logps(&logps)?;
        let log_ratios = logps.f_sub(&reference)?;
        let desirable = Tensor::f_from_slice(&labels)?.f_to_device(log_ratios.device())?;
        let reference_point = self.reference_point(&log_ratios, kl, (batch.group, gradient_scale.is_some()))?;
        self.reference.exchange(batch.split, batch.group)?;
        let losses = self.config.loss_type.losses(&log_ratios, &desirable, &reference_point, &self.config.options())?;
        if let Some(scale) = gradient_scale {
            batch.begin_last_backward();
            losses.f_mean(losses.kind())?.f_mul_scalar(scale * batch.fraction())?.f_backward()?;
        }

        let statistics = statistics.map(|statistics| RowStatistics::new(&own.tokens, &statistics)).transpose()?;
        let mut metrics = self.metrics(&labels, &logps, &log_ratios, statistics.as_ref())?;
        for name in self.config.loss_type.info().metrics {
            metrics.set(name, Mean::over_rows(reference_point.f_double_value(&[])?, rows.len()));
        }
        let loss = Mean::over_rows(losses.f_mean(Kind::Double)?.f_double_value(&[])?, rows.len());
        let tokens = own.batch.attention_mask.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        Ok(BatchOutput { loss_terms: vec![loss], metrics, tokens: tokens as u64 })
    }

    fn mean_depends_on_batch_size(&self) -> bool {
        self.needs_kl()
    }

    /// The log-ratios of mismatched sequences or the rewards, from which the reference point is computed, and the log-probabilities of the
    /// reference model.
    fn exchanges_values(&self) -> bool {
        true
    }

    /// The margin is the difference of the mean rewards.
    fn finish_batch(&self, metrics: &mut Metrics) {
        if let Some((chosen, rejected)) = metrics.get("rewards/chosen").zip(metrics.get("rewards/rejected")) {
            metrics.set("rewards/margins", chosen - rejected);
        }
    }

    fn finish_evaluation(&self, _loss: f64, metrics: &mut Metrics) {
        self.finish_batch(metrics);
    }

    fn reference_identity(&self) -> Option<&ModelIdentity> {
        Some(self.reference.identity())
    }

    fn state(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self.shift).map_err(|e| Error::Data(format!("the reward shift cannot be saved: {e}")))
    }

    fn load_state(&mut self, state: &serde_json::Value) -> Result<()> {
        self.shift = serde_json::from_value(state.clone())
            .map_err(|e| Error::Data(format!("the checkpoint's reward shift cannot be read: {e}")))?;
        Ok(())
    }

    fn save_tensors(&self, dir: &Path) -> Result<()> {
        self.reference.save_tensors(dir)
    }

    fn load_tensors(&mut self, dir: &Path) -> Result<()> {
        self.reference.load_tensors(dir)
    }
}

/// The row whose completion is combined with the prompt of row `index`: the previous row in its window of `window` rows, or the last one
/// for the first row. If the last window would have a single row, the row joins the window before.
fn mismatched_row(index: usize, window: usize, rows: usize) -> usize {
    let window = window.clamp(2, rows.max(2));
    let lone = rows % window == 1 && rows > window;
    let start = if lone && index + 1 == rows { index - window } else { index - index % window };
    let end = (start + window).min(rows);
    let end = if lone && end + 1 == rows { rows } else { end };
    if index > start { index - 1 } else { end - 1 }
}

#[cfg(test)]
mod tests {
    use super::mismatched_row;

    #[test]
    fn each_row_is_combined_with_another_row_of_its_window() {
        let all = |window, rows| (0..rows).map(|i| mismatched_row(i, window, rows)).collect::<Vec<_>>();
        assert_eq!(all(4, 8), [3, 0, 1, 2, 7, 4, 5, 6]);
        assert_eq!(all(4, 6), [3, 0, 1, 2, 5, 4]);
        assert_eq!(all(4, 5), [4, 0, 1, 2, 3], "a window of one row would compare a row with itself");
        assert_eq!(all(1, 3), [2, 0, 1]);
        assert_eq!(all(8, 2), [1, 0]);
    }
}
