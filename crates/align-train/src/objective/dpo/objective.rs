//! The implementation of [`Objective`] for DPO.

use super::Dpo;
use super::metrics::batch_metrics;
use super::micro_batch::pair_micro_batch;
use super::step::BatchResult;
use crate::objective::micro_batches::split_into_micro_batches;
use crate::objective::pair_micro_batch::predicted_tokens;
use crate::objective::precompute::precompute;
use crate::objective::preference_checks::{check_numbers, check_pairs_differ};
use crate::objective::reference_logps_file::ReferenceLogpsFile;
use crate::objective::row::{check_rows, check_statistics};
use crate::objective::sequence_counts::sequences_of_pair;
use crate::objective::{Batch, BatchOutput, Objective, Split};
use crate::{DpoConfig, Error, Result};
use align_data::EncodedPair;
use align_data::streaming::RowStatistics;
use align_distributed::ProcessGroup;
use align_losses::{Mean, Pair, PairLoss};
use align_models::{CausalLm, ModelIdentity};
use align_torch::Environment;
use std::path::Path;

impl Dpo {
    /// Computes the reference log-probabilities of all rows of a split.
    fn precompute(&mut self, split: Split, rows: &[EncodedPair], group: &ProcessGroup) -> Result<()> {
        if self.trained {
            return Err(Error::Data(format!(
                "{} rows were added after the first step, but precompute_ref_log_probs needs all rows before it: add them before \
                 training",
                split.name()
            )));
        }
        self.policy.set_training(false);
        let max_tokens = self.config.micro_batch_tokens;
        let sequences: Vec<_> = rows.iter().map(sequences_of_pair).collect();
        let micro_batches = split_into_micro_batches(&sequences, max_tokens, self.sharing);
        let dir = self.config.ref_log_probs_dir.as_deref();
        let environment = Environment::current(self.policy.device());
        let file =
            dir.map(|dir| ReferenceLogpsFile::of(dir, self.reference.identity(), &environment, rows)).transpose()?;
        let (policy, config, sharing) = (&self.policy, &self.config, self.sharing);
        let (model, cache) = self.reference.model_and_cache(split);
        let model = (model.unwrap_or(policy), group);
        precompute(model, cache, rows, &micro_batches, file.as_ref(), |indices| {
            let pairs: Vec<&EncodedPair> = indices.iter().filter_map(|index| rows.get(*index)).collect();
            pair_micro_batch(policy, config, sharing, &pairs, indices.to_vec())
        })?;
        self.policy.set_training(!self.config.training.disable_dropout);
        Ok(())
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

    fn prepare(&mut self, split: Split, rows: &[EncodedPair], group: &ProcessGroup) -> Result<()> {
        check_rows(rows, &self.policy, split.name())?;
        check_pairs_differ(split, rows)?;
        check_numbers(split, rows, &self.config.pair_numbers())?;
        self.reference.prepare((split, rows), group, |pair| {
            let Pair { chosen, rejected } = predicted_tokens(pair);
            (chosen + rejected) as usize
        })?;
        if self.config.precompute_ref_log_probs { self.precompute(split, rows, group) } else { Ok(()) }
    }

    fn prepare_streaming(&mut self, rows: RowStatistics, _: &ProcessGroup) -> Result<()> {
        check_statistics(rows, self.policy.vocab_size(), self.policy.max_position_embeddings())?;
        self.reference.prepare_streaming(rows)
    }

    fn compute_loss(&mut self, batch: &Batch<'_, EncodedPair>, gradient_scale: Option<f64>) -> Result<BatchOutput> {
        let micro_batches = self.micro_batches(batch)?;
        let result = match gradient_scale {
            None => self.evaluate(batch, &micro_batches)?,
            Some(scale) => {
                self.trained = true;
                if self.config.precompute_ref_log_probs {
                    self.reference.unload();
                }
                self.train(batch, &micro_batches, scale)?
            }
        };
        if !self.config.precompute_ref_log_probs {
            self.reference.exchange(batch.split, batch.group)?;
        }
        let Some(BatchResult { loss_terms, values, logps, beta, hidden_distance }) = result else {
            return Ok(BatchOutput::default());
        };
        let rewards = logps.implicit_rewards(beta.unwrap_or(self.loss.beta()))?;
        let mut metrics = batch_metrics(&rewards, &logps, values)?;
        metrics.set("hidden_distance", hidden_distance);
        if let Some(beta) = beta {
            metrics.set("beta", Mean::over_pairs(beta, batch.indices.len()));
        }
        let pair_tokens =
            |pair: &&EncodedPair| 2 * pair.prompt_ids.len() + pair.chosen_ids.len() + pair.rejected_ids.len();
        let tokens = batch.rows().iter().map(pair_tokens).sum::<usize>() as u64;
        Ok(BatchOutput { loss_terms, metrics, tokens })
    }

    /// The log-probabilities of pairs, if the loss couples them, and those of the reference model.
    fn exchanges_values(&self) -> bool {
        true
    }

    fn mean_depends_on_batch_size(&self) -> bool {
        self.loss.mean_depends_on_batch_size()
    }

    fn penalise_weights(&mut self) -> Result<Option<f64>> {
        let coefficient = self.config.weight_distance_coef;
        if coefficient == 0.0 {
            return Ok(None);
        }
        Ok(Some(self.reference.penalise_distance(&self.policy, coefficient)?))
    }

    fn after_step(&mut self, step: u64) -> Result<()> {
        let Some((alpha, sync_steps)) = self.config.reference_sync() else { return Ok(()) };
        if step.is_multiple_of(sync_steps) {
            self.reference.sync(&self.policy, alpha)?;
        }
        Ok(())
    }

    fn reference_identity(&self) -> Option<&ModelIdentity> {
        Some(self.reference.identity())
    }

    fn state(&self) -> Result<serde_json::Value> {
        serde_json::to_value(self.beta).map_err(|e| Error::Data(format!("β-DPO's state cannot be saved: {e}")))
    }

    fn load_state(&mut self, state: &serde_json::Value) -> Result<()> {
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
