use super::equal_sides::check_labels;
use super::reference::{Reference, what};
use super::row::check_rows;
use super::sequences::{RowStatistics, SequenceTokens, mean_of, numbers};
use super::two_phases::{Forward, backward, forward, frozen_logps};
use super::{Batch, BatchOutcome, Objective, Split};
use crate::{BatchMetrics, Error, KtoConfig, Metrics, Result, RunConfig};
use align_data::{CompletionBatch, EncodedUnpaired};
use align_losses::{BcoShift, LinearLogpsOptions, Mean, Over, ReferencePoint, kto_kl};
use align_models::{Attention, CausalLm, ModelIdentity};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Optimisation from completions that were liked or not, without pairs: KTO (arXiv:2402.01306), BCO (arXiv:2404.04656) and
/// unpaired APO-zero (arXiv:2408.06266).
#[derive(Debug)]
pub struct Kto {
    policy: Box<dyn CausalLm>,
    reference: Reference,
    config: KtoConfig,
    shift: BcoShift,
}

/// One batch as the models see it.
struct Sequences {
    batch: CompletionBatch,
    tokens: SequenceTokens,
}

impl Kto {
    /// The objective of a configuration. Without a `reference` it is a copy of the policy as it stands.
    ///
    /// # Errors
    /// Options that contradict each other, or a reference of another vocabulary.
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

    /// KTO's reference point compares completions with prompts that they do not answer.
    fn needs_kl(&self) -> bool {
        self.config.loss_type.reference_point() == ReferencePoint::MismatchedKl
    }

    fn sequences(&self, rows: &[(&[i64], &[i64])]) -> Result<Sequences> {
        let pad = self.policy.eos_token_ids().first().copied().unwrap_or(0);
        let batch = CompletionBatch::new(rows, pad)?.to_device(self.policy.device())?;
        let tokens = SequenceTokens::of(&batch)?;
        Ok(Sequences { batch, tokens })
    }

    /// Each prompt with the completion of another row.
    fn mismatched(&self, batch: &Batch<'_, EncodedUnpaired>) -> Result<Sequences> {
        let window = self.config.training.per_device_train_batch_size;
        let most = self.config.max_length.unwrap_or(usize::MAX).min(self.policy.n_positions() as usize);
        let pair = |index: &usize| {
            let row = batch.all.get(*index)?;
            let other = batch.all.get(partner(*index, window, batch.all.len()))?;
            let room = most.saturating_sub(row.prompt_ids.len());
            Some((row.prompt_ids.as_slice(), other.completion_ids.get(..room).unwrap_or(&other.completion_ids)))
        };
        self.sequences(&batch.indices.iter().filter_map(pair).collect::<Vec<_>>())
    }

    /// The losses, what they report, and the derivative of their mean by the log-ratios; each `(batch)`.
    fn losses(
        &mut self,
        log_ratios: &Tensor,
        desirable: &Tensor,
        kl: Option<&Tensor>,
        training: bool,
        metrics: &mut BatchMetrics,
    ) -> Result<(Tensor, Tensor)> {
        let rows = log_ratios.numel();
        let loss_type = self.config.loss_type;
        let point = match loss_type.reference_point() {
            ReferencePoint::MeanReward => {
                if training {
                    self.shift.update(&log_ratios.f_mul_scalar(self.config.beta)?)?;
                }
                Tensor::from(self.shift.delta())
            }
            _ => kl.map_or_else(|| Tensor::from(0f32).f_to_device(log_ratios.device()), |kl| Ok(kl.shallow_clone()))?,
        };
        for name in loss_type.info().metrics {
            metrics.set(name, Mean::over_rows(point.f_double_value(&[])?, rows));
        }
        let leaf = log_ratios.f_detach()?.f_requires_grad_(true)?;
        let losses = tch::with_grad(|| loss_type.losses(&leaf, desirable, &point, &self.config.options()))?;
        let by_log_ratios = tch::with_grad(|| {
            let mut gradients = Tensor::f_run_backward(&[losses.f_mean(losses.kind())?], &[&leaf], false, false)?;
            gradients.pop().ok_or_else(|| tch::TchError::Torch("no gradient of the losses".into()))
        })?;
        Ok((losses.f_detach()?, by_log_ratios))
    }

    fn metrics(
        &self,
        metrics: &mut BatchMetrics,
        labels: &[bool],
        forward: &Forward,
        log_ratios: &Tensor,
        tokens: &SequenceTokens,
    ) -> Result<()> {
        let label = |row: usize| labels.get(row).copied().unwrap_or(false);
        let (chosen, rejected) = (label, |row: usize| !label(row));
        let (logps, log_ratios) = (numbers(&forward.logps)?, numbers(log_ratios)?);
        let rewards: Vec<f64> = log_ratios.iter().map(|h| self.config.beta * h).collect();
        for (name, values, kind) in [
            ("rewards/chosen", &rewards, true),
            ("rewards/rejected", &rewards, false),
            ("logps/chosen", &logps, true),
            ("logps/rejected", &logps, false),
            ("log_ratios/chosen", &log_ratios, true),
            ("log_ratios/rejected", &log_ratios, false),
        ] {
            metrics.set(name, mean_of(values, Over::Rows, |row| label(row) == kind));
        }
        let reward = metrics.get("rewards/chosen").zip(metrics.get("rewards/rejected"));
        // A batch's own difference of means; that of several follows from their means.
        let margin = reward.map(|(chosen, rejected)| chosen.value - rejected.value);
        metrics.set("rewards/margins", margin.map(|margin| Mean::over_rows(margin, labels.len())));
        if let Some(statistics) = &forward.statistics {
            let statistics = RowStatistics::new(tokens, statistics)?;
            metrics.set("logits/chosen", statistics.mean_logit(chosen));
            metrics.set("logits/rejected", statistics.mean_logit(rejected));
            metrics.set("entropy", statistics.entropy(|_| true));
        }
        Ok(())
    }
}

impl Objective for Kto {
    type Model = Box<dyn CausalLm>;
    type Row = EncodedUnpaired;
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

    fn prepare(&mut self, split: Split, rows: &[EncodedUnpaired]) -> Result<()> {
        let what = what(split);
        check_rows(rows, &self.policy, what)?;
        check_labels(split, rows)?;
        if self.needs_kl() && rows.len() < 2 {
            return Err(Error::Data(format!(
                "loss_type kto compares each prompt with another row's completion, but there is one {what} row: give more, or use \
                 loss_type apo_zero_unpaired"
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
                "{what} row {number} has a prompt of {length} tokens, which fills max_length {max_length}: encode the rows with \
                 the same max_length"
            )));
        }
        let sequences = if self.needs_kl() { 2 } else { 1 };
        self.reference.prepare(split, rows, |_| sequences)
    }

    fn batch(&mut self, batch: &Batch<'_, EncodedUnpaired>, share: Option<f64>) -> Result<BatchOutcome> {
        let rows = batch.rows();
        let labels: Vec<bool> = rows.iter().map(|row| row.label).collect();
        let own: Vec<_> = rows.iter().map(|row| (row.prompt_ids.as_slice(), row.completion_ids.as_slice())).collect();
        let own = self.sequences(&own)?;
        let mismatched = if self.needs_kl() { Some(self.mismatched(batch)?) } else { None };
        let reference = self.reference.logps(batch.split, batch.indices, |model| {
            let logps = |x: &Sequences| frozen_logps(model, &x.batch, &x.tokens);
            let all = std::iter::once(&own).chain(&mismatched).map(logps).collect::<Result<Vec<_>>>()?;
            Ok(Vec::try_from(Tensor::f_stack(&all, 1)?.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?)?)
        })?;
        let sequences = reference.first().map_or(1, Vec::len) as i64;
        let reference = Tensor::f_from_slice(&reference.concat())?.f_view([-1, sequences])?;
        let reference = reference.f_to_device(self.policy.device())?;
        let kl = match &mismatched {
            None => None,
            Some(x) => {
                let policy = frozen_logps(&self.policy, &x.batch, &x.tokens)?;
                Some(kto_kl(&policy.f_sub(&reference.f_select(1, 1)?)?)?)
            }
        };
        let options = LinearLogpsOptions { statistics: true, ..LinearLogpsOptions::default() };
        let hidden = self.policy.hidden(&own.batch.input_ids, None, &Attention::Causal, None)?;
        let forward = forward(&self.policy, &hidden, &own.tokens, &options)?;
        let log_ratios = forward.logps.f_sub(&reference.f_select(1, 0)?)?;
        let desirable = Tensor::f_from_slice(&labels)?.f_to_device(log_ratios.device())?;
        let mut metrics = BatchMetrics::default();
        let (losses, by_log_ratios) =
            self.losses(&log_ratios, &desirable, kl.as_ref(), share.is_some(), &mut metrics)?;
        self.metrics(&mut metrics, &labels, &forward, &log_ratios, &own.tokens)?;
        let loss = Mean::over_rows(losses.f_mean(Kind::Double)?.f_double_value(&[])?, rows.len());
        if let Some(share) = share {
            backward(&self.policy, forward, &own.tokens.by_token(&by_log_ratios.f_mul_scalar(share)?)?)?;
        }
        let seen = own.batch.attention_mask.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        Ok(BatchOutcome { losses: vec![loss], metrics, tokens: seen as u64 })
    }

    fn couples_rows(&self) -> bool {
        self.needs_kl()
    }

    fn finish_evaluation(&self, _loss: f64, metrics: &mut Metrics) {
        if let Some((chosen, rejected)) = metrics.get("rewards/chosen").zip(metrics.get("rewards/rejected")) {
            metrics.set("rewards/margins", chosen - rejected);
        }
    }

    fn reference_identity(&self) -> Option<&ModelIdentity> {
        Some(self.reference.identity())
    }

    fn state(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self.shift).map_err(|e| Error::Data(format!("the reward shift cannot be kept: {e}")))
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<()> {
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

/// The row whose completion stands in for row `index`'s: the one before it in its window of `window` rows, round and round. A
/// last window of one row belongs to the one before it.
fn partner(index: usize, window: usize, rows: usize) -> usize {
    let window = window.clamp(2, rows.max(2));
    let lone = rows % window == 1 && rows > window;
    let start = if lone && index + 1 == rows { index - window } else { index - index % window };
    let end = (start + window).min(rows);
    let end = if lone && end + 1 == rows { rows } else { end };
    if index > start { index - 1 } else { end - 1 }
}

#[cfg(test)]
mod tests {
    use super::partner;

    #[test]
    fn everyone_has_a_partner_of_the_same_window() {
        let all = |window, rows| (0..rows).map(|i| partner(i, window, rows)).collect::<Vec<_>>();
        assert_eq!(all(4, 8), [3, 0, 1, 2, 7, 4, 5, 6]);
        assert_eq!(all(4, 6), [3, 0, 1, 2, 5, 4]);
        assert_eq!(all(4, 5), [4, 0, 1, 2, 3], "a window of one row would compare a row with itself");
        assert_eq!(all(1, 3), [2, 0, 1]);
        assert_eq!(all(8, 2), [1, 0]);
    }
}
