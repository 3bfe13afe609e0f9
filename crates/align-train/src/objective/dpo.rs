use super::reference::{Reference, what};
use super::row::check_rows;
use super::sequences::{RowStatistics, SequenceTokens, halves, mean_of, numbers};
use super::two_phases::{Forward, backward, forward, frozen_logps};
use super::{Batch, BatchOutcome, Objective, Split};
use crate::{DpoConfig, Error, Metrics, Result, RunConfig};
use align_data::{CompletionBatch, EncodedPair};
use align_losses::{AdaptiveBeta, LinearLogpsOptions, Pair, PairLogps, PairLoss, PreferenceLoss, wpo_weights};
use align_models::{Attention, CausalLm};
use std::path::Path;
use tch::{Kind, Tensor};

/// Direct preference optimisation (arXiv:2305.18290) and its family: a policy, a reference, and a loss of their
/// log-probabilities of pairs.
#[derive(Debug)]
pub struct Dpo<M> {
    policy: M,
    reference: Reference<M>,
    config: DpoConfig,
    loss: Box<dyn PairLoss>,
    /// β-DPO's beta, if it moves.
    beta: Option<AdaptiveBeta>,
}

impl<M: CausalLm> Dpo<M> {
    /// The objective of a configuration. Without a `reference` it is a copy of the policy as it stands.
    ///
    /// # Errors
    /// Options that contradict each other, or a reference of another vocabulary.
    pub fn new(policy: M, reference: Option<M>, config: DpoConfig) -> Result<Self> {
        config.validate()?;
        let (loss, beta) = (config.loss()?, config.adaptive_beta()?);
        let reference = Reference::new(reference, &policy)?;
        Ok(Self { policy, reference, config, loss, beta })
    }

    /// The same with a loss of one's own, in place of the one that the configuration names.
    ///
    /// # Errors
    /// As [`Dpo::new`], or an option by which the configuration's own loss would move.
    pub fn with_loss(policy: M, reference: Option<M>, config: DpoConfig, loss: Box<dyn PairLoss>) -> Result<Self> {
        if config.beta_dpo_alpha.is_some() {
            let reason = "stands beside a loss of one's own, whose beta is its own too".into();
            return Err(Error::Config { option: "beta_dpo_alpha", reason });
        }
        Ok(Self { loss, ..Self::new(policy, reference, config)? })
    }

    /// β-DPO's loss of a batch and its beta, which held-out rows do not move.
    fn adapted(&mut self, logps: &PairLogps, training: bool) -> Result<Option<(Box<dyn PairLoss>, f64)>> {
        let Some(adaptive) = self.beta.as_mut().filter(|_| training) else { return Ok(None) };
        let Pair { chosen, rejected } = logps.log_ratios();
        let beta = adaptive.next(&chosen.f_sub(rejected)?)?;
        Ok(Some((DpoConfig { beta, ..self.config.clone() }.loss()?, beta)))
    }

    /// Both sides' tokens; with `ld_alpha` those beyond the shorter side's length count less.
    fn tokens(&self, sequences: &CompletionBatch) -> Result<SequenceTokens> {
        let tokens = SequenceTokens::of(sequences)?;
        let Some(alpha) = self.config.ld_alpha else { return Ok(tokens) };
        let Pair { chosen, rejected } = halves(&tokens.counts)?;
        let shared = chosen.f_minimum(&rejected)?;
        let shared = Tensor::f_cat(&[&shared, &shared], 0)?.f_index_select(0, &tokens.rows)?;
        let in_common = tokens.places()?.f_lt_tensor(&shared)?.f_to_kind(Kind::Float)?;
        let weights = in_common.f_mul_scalar(1.0 - alpha)?.f_add_scalar(alpha)?;
        Ok(tokens.with_weights(weights))
    }

    /// WPO's weight of each pair, `(pairs)`.
    fn weights(&self, forward: &Forward, tokens: &SequenceTokens) -> Result<Option<Tensor>> {
        let statistics = forward.statistics.as_ref().and_then(|s| s.log_sum_sq_probs.as_ref());
        let Some(log_sum_sq_probs) = statistics else { return Ok(None) };
        let sums = |x: &Tensor| halves(&tokens.sums(x)?);
        let (logps, log_sum_sq_probs) = (sums(forward.token_logps())?, sums(log_sum_sq_probs)?);
        Ok(Some(wpo_weights(&logps, &log_sum_sq_probs, &halves(&tokens.counts)?)?))
    }

    fn metrics(&self, forward: &Forward, output: &PreferenceLoss, tokens: &SequenceTokens) -> Result<Metrics> {
        let pairs = output.losses.size1()? as usize;
        let (chosen, rejected) = (|row: usize| row < pairs, |row: usize| row >= pairs);
        let mean = |x: &Tensor| Ok::<_, crate::Error>(mean_of(&numbers(x)?, |_| true));
        let (logps, rewards) = (halves(&forward.logps)?, output.rewards());
        let statistics =
            forward.statistics.as_ref().map(|statistics| RowStatistics::new(tokens, statistics)).transpose()?;
        let statistics = statistics.as_ref();
        let mut metrics = Metrics::default();
        for (name, value) in [
            ("rewards/chosen", mean(&rewards.chosen)?),
            ("rewards/rejected", mean(&rewards.rejected)?),
            ("rewards/accuracies", mean(&output.accuracies())?),
            ("rewards/margins", mean(&output.margins())?),
            ("logps/chosen", mean(&logps.chosen)?),
            ("logps/rejected", mean(&logps.rejected)?),
            ("log_ratios/chosen", mean(&output.log_ratios.chosen)?),
            ("log_ratios/rejected", mean(&output.log_ratios.rejected)?),
            ("likelihood_displacement", mean(&output.displaced())?),
            ("logits/chosen", statistics.and_then(|s| s.mean_logit(chosen))),
            ("logits/rejected", statistics.and_then(|s| s.mean_logit(rejected))),
            ("entropy", statistics.and_then(|s| s.entropy(|_| true))),
            ("mean_token_accuracy", statistics.and_then(|s| s.accuracy(chosen))),
        ] {
            if let Some(value) = value {
                metrics.set(name, value);
            }
        }
        Ok(metrics)
    }
}

impl<M: CausalLm> Objective for Dpo<M> {
    type Model = M;
    type Row = EncodedPair;
    type Config = DpoConfig;

    fn config(&self) -> &DpoConfig {
        &self.config
    }

    fn policy(&self) -> &M {
        &self.policy
    }

    fn policy_mut(&mut self) -> &mut M {
        &mut self.policy
    }

    fn into_policy(self) -> M {
        self.policy
    }

    fn prepare(&mut self, split: Split, rows: &[EncodedPair]) -> Result<()> {
        check_rows(rows, &self.policy, what(split))?;
        self.reference.prepare(split, rows, 2)
    }

    fn batch(&mut self, batch: &Batch<'_, EncodedPair>, share: Option<f64>) -> Result<BatchOutcome> {
        // Padding is masked everywhere, so any id of the vocabulary serves.
        let pad = self.policy.eos_token_id().unwrap_or(0);
        let sequences = CompletionBatch::of_pairs(&batch.rows(), pad)?.to_device(self.policy.device())?;
        let tokens = self.tokens(&sequences)?;
        let reference = self.reference.logps(batch.split, batch.indices, |model| {
            let Pair { chosen, rejected } = halves(&frozen_logps(model, &sequences, &tokens)?)?;
            Ok(Tensor::f_stack(&[chosen, rejected], 1)?)
        })?;
        let reference = Pair { chosen: reference.f_select(1, 0)?, rejected: reference.f_select(1, 1)? };

        let options = LinearLogpsOptions {
            statistics: true,
            log_sum_sq_probs: self.config.use_weighting,
            ..LinearLogpsOptions::default()
        };
        let forward = forward(&self.policy, &sequences, &Attention::Causal, &tokens, &options)?;
        let (policy, counts) = (halves(&forward.logps)?, halves(&tokens.counts)?);
        let weights = self.weights(&forward, &tokens)?;
        let mut logps = PairLogps::new(&policy, &reference)?.with_tokens(&counts)?;
        if let Some(weights) = &weights {
            logps = logps.with_weights(weights)?;
        }
        let adapted = self.adapted(&logps, share.is_some())?;
        let loss = adapted.as_ref().map_or(&self.loss, |(loss, _)| loss);
        let (output, by_logps) = match share {
            None => (loss.evaluate(&logps)?, None),
            Some(_) => {
                let (output, by_logps) = loss.evaluate_with_gradient(&logps)?;
                (output, Some(by_logps))
            }
        };
        let loss = output.losses.f_mean(Kind::Double)?.f_double_value(&[])?;
        let mut metrics = self.metrics(&forward, &output, &tokens)?;
        if let Some((_, beta)) = adapted {
            metrics.set("beta", beta);
        }
        if let (Some(Pair { chosen, rejected }), Some(share)) = (by_logps, share) {
            let by_row = Tensor::f_cat(&[chosen, rejected], 0)?.f_mul_scalar(share)?;
            backward(&self.policy, forward, &tokens.by_token(&by_row)?)?;
        }
        let seen = sequences.attention_mask.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        Ok(BatchOutcome { loss, metrics, tokens: seen as u64 })
    }

    fn penalise_weights(&mut self) -> Result<Option<f64>> {
        let coefficient = self.config.weight_distance_coef;
        if coefficient == 0.0 {
            return Ok(None);
        }
        Ok(Some(self.reference.pull(&self.policy, coefficient)?))
    }

    fn after_step(&mut self, step: u64) -> Result<()> {
        let Some((alpha, every)) = self.config.reference_sync() else { return Ok(()) };
        if step.is_multiple_of(every) {
            self.reference.mix(&self.policy, alpha)?;
        }
        Ok(())
    }

    fn reference_fingerprint(&self) -> Option<f64> {
        Some(self.reference.fingerprint())
    }

    fn state(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self.beta).map_err(|e| Error::Data(format!("β-DPO's running mean cannot be kept: {e}")))
    }

    fn restore(&mut self, state: &serde_json::Value) -> Result<()> {
        self.beta = serde_json::from_value(state.clone())
            .map_err(|e| Error::Data(format!("the checkpoint's β-DPO state cannot be read: {e}")))?;
        Ok(())
    }

    fn save_tensors(&self, dir: &Path) -> Result<()> {
        self.reference.save_tensors(dir)
    }

    fn load_tensors(&mut self, dir: &Path) -> Result<()> {
        self.reference.load_tensors(dir)
    }
}
