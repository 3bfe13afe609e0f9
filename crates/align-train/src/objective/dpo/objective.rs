//! DPO as an objective: what a trainer asks of it.

use super::step::{self, Step};
use super::{Dpo, metrics};
use crate::objective::equal_sides::check_sides;
use crate::objective::micro_batches::micro_batches;
use crate::objective::pair_length::PairLength;
use crate::objective::pair_micro_batch::predicted;
use crate::objective::precompute::precompute;
use crate::objective::reference_cache::ReferenceCache;
use crate::objective::row::check_rows;
use crate::objective::{Batch, BatchOutcome, Objective, Split};
use crate::{DpoConfig, Error, Result};
use align_data::EncodedPair;
use align_losses::{Mean, Pair, PairLoss};
use align_models::{CausalLm, ModelIdentity};
use align_torch::Environment;
use std::path::Path;

impl Dpo {
    /// Computes the reference's log-probabilities of all of a split's rows.
    fn precompute(&mut self, split: Split, rows: &[EncodedPair]) -> Result<()> {
        if self.trained {
            return Err(Error::Data(format!(
                "{} rows came after the first step, but precompute_ref_log_probs asks the reference before it: give them earlier",
                split.name()
            )));
        }
        self.policy.set_training(false);
        let micro_batches = self.split_rows(rows.iter().map(PairLength::of));
        let dir = self.config.ref_log_probs_dir.as_deref();
        let here = Environment::current(self.policy.device());
        let cache = dir.map(|dir| ReferenceCache::of(dir, self.reference.identity(), &here, rows)).transpose()?;
        let (policy, config, sharing) = (&self.policy, &self.config, self.sharing);
        let (model, remembered) = self.reference.model_and_remembered(split);
        precompute(model.unwrap_or(policy), remembered, rows, &micro_batches, cache.as_ref(), |places| {
            let pairs: Vec<&EncodedPair> = places.iter().filter_map(|place| rows.get(*place)).collect();
            step::micro_batch(policy, config, sharing, &pairs, places.to_vec())
        })?;
        self.policy.set_training(!self.config.training.disable_dropout);
        Ok(())
    }

    /// The places of rows in micro-batches of at most `micro_batch_tokens` tokens.
    pub(super) fn split_rows(&self, lengths: impl Iterator<Item = PairLength>) -> Vec<Vec<usize>> {
        micro_batches(lengths, self.config.micro_batch_tokens, self.sharing)
    }
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
        check_rows(rows, &self.policy, split.name())?;
        check_sides(split, rows)?;
        self.reference.prepare(split, rows, |pair| {
            let Pair { chosen, rejected } = predicted(pair);
            (chosen + rejected) as usize
        })?;
        if self.config.precompute_ref_log_probs { self.precompute(split, rows) } else { Ok(()) }
    }

    fn batch(&mut self, batch: &Batch<'_, EncodedPair>, share: Option<f64>) -> Result<BatchOutcome> {
        let micro_batches = self.micro_batches(batch)?;
        let Step { losses, values, logps, beta } = match share {
            None => self.evaluate(batch.split, &micro_batches)?,
            Some(share) => {
                self.trained = true;
                if self.config.precompute_ref_log_probs {
                    self.reference.unload();
                }
                self.train(batch.split, &micro_batches, share)?
            }
        };
        let rewards = logps.implicit_rewards(beta.unwrap_or(self.loss.beta()))?;
        let mut metrics = metrics::of(&rewards, &logps, values)?;
        if let Some(beta) = beta {
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
        Ok(Some(self.reference.penalise_distance(&self.policy, coefficient)?))
    }

    fn after_step(&mut self, step: u64) -> Result<()> {
        let Some((alpha, every)) = self.config.reference_sync() else { return Ok(()) };
        if step.is_multiple_of(every) {
            self.reference.sync(&self.policy, alpha)?;
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
