use super::equal_sides::check_labels;
use super::reference::Reference;
use super::remembered_logps::RememberedLogps;
use super::row::{check_rows, padding_id};
use super::row_statistics::{RowStatistics, mean_of, numbers};
use super::{Batch, BatchOutcome, Objective, SequenceTokens, Split, TokenLogps};
use crate::{BatchMetrics, Error, KtoConfig, Metrics, Result, RunConfig};
use align_data::{CompletionBatch, EncodedUnpaired};
use align_losses::{BcoShift, LinearLogpsOptions, Mean, Over, ReferencePoint, kto_kl};
use align_models::{Attention, CausalLm, ModelIdentity};
use std::path::Path;
use tch::{Kind, Tensor};

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

impl Sequences {
    /// A model's final hidden states, `(batch, seq, n_embd)`.
    fn hidden(&self, model: &dyn CausalLm) -> Result<Tensor> {
        Ok(model.hidden(&self.batch.input_ids, None, &Attention::Causal, None)?)
    }

    /// A model's log-probability of each completion, `(batch)`, without a graph.
    fn frozen_logps(&self, model: &dyn CausalLm) -> Result<Tensor> {
        tch::no_grad(|| self.tokens.logps(&TokenLogps::frozen(model, &self.hidden(model)?, &self.tokens)?))
    }
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
        let pad = padding_id(&self.policy);
        let batch = CompletionBatch::new(rows, pad)?.to_device(self.policy.device())?;
        let tokens = SequenceTokens::of(&batch)?;
        Ok(Sequences { batch, tokens })
    }

    /// Each prompt with the completion of another row.
    fn mismatched(&self, batch: &Batch<'_, EncodedUnpaired>) -> Result<Sequences> {
        let window = self.config.training.per_device_train_batch_size;
        let most = self.config.max_length.unwrap_or(usize::MAX).min(self.policy.max_position_embeddings() as usize);
        let pair = |index: &usize| {
            let row = batch.all.get(*index)?;
            let other = batch.all.get(partner(*index, window, batch.all.len()))?;
            let room = most.saturating_sub(row.prompt_ids.len());
            Some((row.prompt_ids.as_slice(), other.completion_ids.get(..room).unwrap_or(&other.completion_ids)))
        };
        self.sequences(&batch.indices.iter().filter_map(pair).collect::<Vec<_>>())
    }

    /// What rewards or log-ratios `(batch)` are compared with, one number.
    fn reference_point(&mut self, log_ratios: &Tensor, kl: Option<Tensor>, training: bool) -> Result<Tensor> {
        if self.config.loss_type.reference_point() == ReferencePoint::MeanReward {
            if training {
                self.shift.update(&log_ratios.f_mul_scalar(self.config.beta)?)?;
            }
            return Ok(Tensor::from(self.shift.delta()));
        }
        kl.map_or_else(|| Ok(Tensor::from(0f32).f_to_device(log_ratios.device())?), Ok)
    }

    /// The reference's log-probabilities of the batch's own sequences, and of the mismatched ones if there are, each `(batch)`.
    fn reference_logps(
        &mut self,
        batch: &Batch<'_, EncodedUnpaired>,
        own: &Sequences,
        mismatched: Option<&Sequences>,
    ) -> Result<(Tensor, Option<Tensor>)> {
        let sequences = 1 + i64::from(mismatched.is_some());
        let places = |remembered: &RememberedLogps| {
            let starts = batch.indices.iter().map(|row| remembered.start(*row));
            let places: Vec<i64> = starts.flat_map(|start| start..start + sequences).collect();
            Ok(Tensor::f_from_slice(&places)?)
        };
        let found = self.reference.logps(batch.split, places, |model| {
            let logps = std::iter::once(own).chain(mismatched).map(|x| x.frozen_logps(model));
            Ok(Tensor::f_stack(&logps.collect::<Result<Vec<_>>>()?, 1)?)
        })?;
        let found = found.f_view([-1, sequences])?.f_to_device(self.policy.device())?;
        let second = mismatched.map(|_| found.f_select(1, 1)).transpose()?;
        Ok((found.f_select(1, 0)?, second))
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
        let (logps, log_ratios) = (numbers(logps)?, numbers(log_ratios)?);
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
        let what = split.name();
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
        let (reference, mismatched_reference) = self.reference_logps(batch, &own, mismatched.as_ref())?;
        let kl = match mismatched.zip(mismatched_reference) {
            None => None,
            Some((x, reference)) => Some(kto_kl(&x.frozen_logps(&self.policy)?.f_sub(&reference)?)?),
        };
        let options = LinearLogpsOptions { statistics: true, ..LinearLogpsOptions::default() };
        let hidden = own.hidden(&self.policy)?;
        let TokenLogps { logps, statistics } = TokenLogps::new(&self.policy, &hidden, &own.tokens, &options)?;
        let logps = own.tokens.logps(&logps)?;
        let log_ratios = logps.f_sub(&reference)?;
        let desirable = Tensor::f_from_slice(&labels)?.f_to_device(log_ratios.device())?;
        let point = self.reference_point(&log_ratios, kl, share.is_some())?;
        let losses = self.config.loss_type.losses(&log_ratios, &desirable, &point, &self.config.options())?;
        if let Some(share) = share {
            losses.f_mean(losses.kind())?.f_mul_scalar(share)?.f_backward()?;
        }

        let statistics = statistics.map(|found| RowStatistics::new(&own.tokens, &found)).transpose()?;
        let mut metrics = self.metrics(&labels, &logps, &log_ratios, statistics.as_ref())?;
        for name in self.config.loss_type.info().metrics {
            metrics.set(name, Mean::over_rows(point.f_double_value(&[])?, rows.len()));
        }
        let loss = Mean::over_rows(losses.f_mean(Kind::Double)?.f_double_value(&[])?, rows.len());
        let tokens = own.batch.attention_mask.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        Ok(BatchOutcome { losses: vec![loss], metrics, tokens: tokens as u64 })
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
