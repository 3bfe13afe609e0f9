use super::equal_sides::check_sides;
use super::micro_batches::micro_batches;
use super::pair_length::{PairLength, SIDES};
use super::pair_parts::{Part, Said};
use super::precompute::precompute;
use super::reference::{Reference, what};
use super::reference_cache::ReferenceCache;
use super::row::check_rows;
use super::sequences::{RowStatistics, SequenceTokens, halves, mean_over_pairs, numbers};
use super::shared_prefixes::SharedPrefixes;
use super::two_phases::{Forward, backward, forward};
use super::{Batch, BatchOutcome, Objective, Split};
use crate::{BatchMetrics, DpoConfig, Error, PrefixSharing, Result, RunConfig};
use align_data::{CompletionBatch, EncodedPair};
use align_losses::{AdaptiveBeta, LinearLogpsOptions, LossOutput, Mean, Pair, PairLogps, PairLoss, wpo_weights};
use align_models::{CausalLm, ModelIdentity};
use align_torch::Environment;
use std::path::Path;
use tch::{Kind, Tensor};

/// Direct preference optimisation (arXiv:2305.18290) and its family: a policy, a reference, and a loss of their
/// log-probabilities of pairs.
#[derive(Debug)]
pub struct Dpo {
    policy: Box<dyn CausalLm>,
    reference: Reference,
    config: DpoConfig,
    loss: Box<dyn PairLoss>,
    /// β-DPO's beta, if it moves.
    beta: Option<AdaptiveBeta>,
    sharing: PrefixSharing,
    /// Whether the policy may have moved.
    trained: bool,
}

impl Dpo {
    /// The objective of a configuration. Without a `reference` it is a copy of the policy as it stands.
    ///
    /// # Errors
    /// Options that contradict each other, or a reference of another vocabulary.
    pub fn new(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        config: DpoConfig,
    ) -> Result<Self> {
        config.validate()?;
        let policy: Box<dyn CausalLm> = Box::new(policy);
        refuse_under_adapter(&policy, &config)?;
        let sharing = config.prefix_sharing.for_model(&policy, &config.training)?;
        let (loss, beta) = (config.loss()?, config.adaptive_beta()?);
        let reference = match config.precompute_ref_log_probs {
            false => Reference::new(reference, &policy)?,
            true => Reference::asked_beforehand(reference, &policy)?,
        };
        Ok(Self { policy, reference, config, loss, beta, sharing, trained: false })
    }

    /// The same with a loss of one's own, in place of the one that the configuration names.
    ///
    /// # Errors
    /// As [`Dpo::new`], or an option by which the configuration's own loss would move.
    pub fn with_loss(
        policy: impl CausalLm + 'static,
        reference: Option<Box<dyn CausalLm>>,
        config: DpoConfig,
        loss: Box<dyn PairLoss>,
    ) -> Result<Self> {
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

    /// Adds the gradient of `share` times the mean loss of a part's pairs, whose derivatives by the sequences' log-probabilities are
    /// `by_logps`.
    fn backward(&self, part: &Part, forward: Forward, by_logps: Pair<Tensor>, share: f64) -> Result<()> {
        let by_row = Tensor::f_cat(&[by_logps.chosen, by_logps.rejected], 0)?.f_mul_scalar(share)?;
        backward(&self.policy, forward, &part.tokens.by_token(&by_row)?)
    }

    /// WPO's weight of each pair, `(pairs)`.
    fn weights(&self, forward: &Forward, tokens: &SequenceTokens) -> Result<Option<Tensor>> {
        let statistics = forward.statistics.as_ref().and_then(|s| s.log_sum_sq_probs.as_ref());
        let Some(log_sum_sq_probs) = statistics else { return Ok(None) };
        let sums = |x: &Tensor| halves(&tokens.sums(x)?);
        let (logps, log_sum_sq_probs) = (sums(forward.token_logps())?, sums(log_sum_sq_probs)?);
        Ok(Some(wpo_weights(&logps, &log_sum_sq_probs, &halves(&tokens.counts)?)?))
    }

    /// The batch's pairs in parts of at most `micro_batch_tokens` tokens.
    fn parts(&self, batch: &Batch<'_, EncodedPair>) -> Result<Vec<Part>> {
        let rows = batch.rows();
        let lengths = rows.iter().map(|pair| PairLength::of(pair));
        let places = micro_batches(lengths, self.config.micro_batch_tokens, self.sharing);
        let part = |places: Vec<usize>| {
            let pairs: Vec<&EncodedPair> = places.iter().filter_map(|place| rows.get(*place).copied()).collect();
            let indices = places.iter().filter_map(|place| batch.indices.get(*place).copied()).collect();
            self.part(&pairs, indices)
        };
        places.into_iter().map(part).collect()
    }

    fn part(&self, pairs: &[&EncodedPair], indices: Vec<usize>) -> Result<Part> {
        // Padding is masked everywhere, so any id of the vocabulary serves.
        let pad = self.policy.eos_token_ids().first().copied().unwrap_or(0);
        let sequences = CompletionBatch::of_pairs(pairs, pad)?.to_device(self.policy.device())?;
        let tokens = self.tokens(&sequences)?;
        let length = pairs.iter().fold(PairLength::default(), |all, pair| all.and(PairLength::of(pair)));
        let shares = length.shares(self.sharing);
        let shared = shares.then(|| SharedPrefixes::of(pairs, &sequences, false)).transpose()?;
        Part::new(indices, sequences, shared, tokens)
    }

    /// The reference's log-probability of each of a part's sequences, `(2 · pairs)`.
    fn reference_logps(&mut self, split: Split, part: &Part) -> Result<Tensor> {
        let by_pair = self.reference.logps(split, &part.indices, |model| part.token_logps(model))?;
        let counts = numbers(&part.tokens.counts)?;
        let sides = by_pair.iter().zip(counts).map(|(both, chosen)| both.split_at((chosen as usize).min(both.len())));
        let (chosen, rejected): (Vec<_>, Vec<_>) = sides.unzip();
        let tokens = Tensor::f_from_slice(&[chosen.concat(), rejected.concat()].concat())?;
        part.tokens.logps(&tokens.f_to_device(self.policy.device())?)
    }

    /// Asks the reference for all of a split's rows.
    fn precompute(&mut self, split: Split, rows: &[EncodedPair]) -> Result<()> {
        let what = what(split);
        if self.trained {
            return Err(Error::Data(format!(
                "{what} rows came after the first step, but precompute_ref_log_probs asks the reference before it: give them earlier"
            )));
        }
        self.policy.set_training(false);
        let mut remembered = std::mem::take(self.reference.remembered(split));
        let model = self.reference.model().unwrap_or(&self.policy);
        let dir = self.config.ref_log_probs_dir.as_deref();
        let here = Environment::current(model.device());
        let cache = dir.map(|dir| ReferenceCache::of(dir, self.reference.identity(), &here, rows)).transpose()?;
        let parts = micro_batches(rows.iter().map(PairLength::of), self.config.micro_batch_tokens, self.sharing);
        precompute(&mut remembered, rows, &parts, cache.as_ref(), |places| {
            let pairs: Vec<&EncodedPair> = places.iter().filter_map(|place| rows.get(*place)).collect();
            self.part(&pairs, places.to_vec())?.token_logps(model)
        })?;
        *self.reference.remembered(split) = remembered;
        self.policy.set_training(!self.config.training.disable_dropout);
        Ok(())
    }

    fn forward(&self, part: &Part) -> Result<Forward> {
        let options = LinearLogpsOptions {
            statistics: true,
            log_sum_sq_probs: self.config.use_weighting,
            ..LinearLogpsOptions::default()
        };
        forward(&self.policy, &part.hidden(&self.policy)?, &part.tokens, &options)
    }

    /// Whether a pair's gradient depends on the batch's other pairs.
    fn couples_batch(&self) -> bool {
        self.beta.is_some() || self.loss.couples_batch()
    }

    fn metrics(&self, output: &LossOutput, logps: &PairLogps, said: Said) -> Result<BatchMetrics> {
        let rewards = output.rewards();
        let mut metrics = BatchMetrics::default();
        for (name, values) in [
            ("rewards/chosen", &rewards.chosen),
            ("rewards/rejected", &rewards.rejected),
            ("rewards/accuracies", &output.accuracies()),
            ("rewards/margins", &output.margins()),
            ("logps/chosen", &logps.policy().chosen),
            ("logps/rejected", &logps.policy().rejected),
            ("log_ratios/chosen", &output.log_ratios.chosen),
            ("log_ratios/rejected", &output.log_ratios.rejected),
            ("likelihood_displacement", &output.displaced()),
        ] {
            metrics.set(name, mean_over_pairs(&numbers(values)?));
        }
        if let Some(Pair { chosen, rejected }) = said.statistics() {
            metrics.set("logits/chosen", chosen.mean_logit(|_| true));
            metrics.set("logits/rejected", rejected.mean_logit(|_| true));
            metrics.set("mean_token_accuracy", chosen.accuracy(|_| true));
            let both = RowStatistics::joined(vec![chosen, rejected]);
            metrics.set("entropy", both.and_then(|both| both.entropy(|_| true)));
        }
        Ok(metrics)
    }
}

/// Options of the weights themselves mean nothing for an adapter's matrices: it is their product that counts.
fn refuse_under_adapter(policy: &dyn CausalLm, config: &DpoConfig) -> Result<()> {
    let adapted = policy.frozen_parameters().is_some();
    let reason = "is for whole models: the policy has an adapter, so leave it out or train all weights";
    for (option, given) in
        [("sync_ref_model", config.sync_ref_model), ("weight_distance_coef", config.weight_distance_coef > 0.0)]
    {
        if adapted && given {
            return Err(Error::Config { option, reason: reason.into() });
        }
    }
    Ok(())
}

impl Objective for Dpo {
    type Model = Box<dyn CausalLm>;
    type Row = EncodedPair;
    type Config = DpoConfig;

    fn config(&self) -> &DpoConfig {
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

    fn prepare(&mut self, split: Split, rows: &[EncodedPair]) -> Result<()> {
        check_rows(rows, &self.policy, what(split))?;
        check_sides(split, rows)?;
        self.reference.prepare(split, rows, |pair| {
            // The first token of a sequence is predicted by nothing.
            let unpredicted = if pair.prompt_ids.is_empty() { SIDES } else { 0 };
            (pair.chosen_ids.len() + pair.rejected_ids.len()).saturating_sub(unpredicted)
        })?;
        if self.config.precompute_ref_log_probs { self.precompute(split, rows) } else { Ok(()) }
    }

    fn batch(&mut self, batch: &Batch<'_, EncodedPair>, share: Option<f64>) -> Result<BatchOutcome> {
        if share.is_some() {
            self.trained = true;
            if self.config.precompute_ref_log_probs {
                self.reference.let_go();
            }
        }
        let (parts, pairs) = (self.parts(batch)?, batch.indices.len() as f64);
        // Where all pairs must be seen before any gradient, parts go through the policy once more for it.
        let at_once = share.is_some() && (parts.len() == 1 || !self.couples_batch());
        let (mut said, mut adapted) = (Said::default(), None);
        for part in &parts {
            let reference = self.reference_logps(batch.split, part)?;
            let forward = if at_once { self.forward(part)? } else { tch::no_grad(|| self.forward(part))? };
            let weights = self.weights(&forward, &part.tokens)?;
            let statistics = forward.statistics.as_ref().map(|s| RowStatistics::new(&part.tokens, s)).transpose()?;
            let logps = said.add(&forward.logps, &reference, &part.tokens, weights, statistics)?;
            if let Some(share) = share.filter(|_| at_once) {
                adapted = self.adapted(&logps, true)?;
                let loss = adapted.as_ref().map_or(&self.loss, |(loss, _)| loss);
                let (_, by_logps) = loss.evaluate_with_gradient(&logps)?;
                self.backward(part, forward, by_logps, share * part.pairs() as f64 / pairs)?;
            }
        }
        let logps = said.logps()?;
        if let Some(share) = share.filter(|_| !at_once) {
            if !self.config.training.disable_dropout {
                let reason = format!(
                    "{} takes this batch apart, whose loss couples its pairs, and dropout would differ when a part is computed again: \
                     raise it, or leave dropout off",
                    self.config.micro_batch_tokens
                );
                return Err(Error::Config { option: "micro_batch_tokens", reason });
            }
            adapted = self.adapted(&logps, true)?;
            let loss = adapted.as_ref().map_or(&self.loss, |(loss, _)| loss);
            let (_, by_logps) = loss.evaluate_with_gradient(&logps)?;
            let mut start = 0;
            for part in &parts {
                let len = part.pairs() as i64;
                let own = by_logps.as_ref().try_map(|side| side.f_narrow(0, start, len))?;
                start += len;
                self.backward(part, self.forward(part)?, own, share)?;
            }
        }
        let loss = adapted.as_ref().map_or(&self.loss, |(loss, _)| loss);
        let output = tch::no_grad(|| loss.evaluate(&logps))?;
        let losses = match share {
            // Its terms matter only where batches are put together.
            Some(_) => {
                let mean = output.losses.f_mean(Kind::Double)?.f_double_value(&[])?;
                vec![Mean::over_pairs(mean, batch.indices.len())]
            }
            None => loss.means(&logps)?,
        };
        let mut metrics = self.metrics(&output, &logps, said)?;
        if let Some((_, beta)) = adapted {
            metrics.set("beta", Mean::over_pairs(beta, batch.indices.len()));
        }
        let real = |pair: &&EncodedPair| 2 * pair.prompt_ids.len() + pair.chosen_ids.len() + pair.rejected_ids.len();
        let tokens = batch.rows().iter().map(real).sum::<usize>() as u64;
        Ok(BatchOutcome { losses, metrics, tokens })
    }

    fn couples_rows(&self) -> bool {
        self.loss.mean_depends_on_batches()
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

    fn reference_identity(&self) -> Option<&ModelIdentity> {
        Some(self.reference.identity())
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
        self.trained = true;
        self.reference.load_tensors(dir)
    }
}
