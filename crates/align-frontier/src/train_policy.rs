//! One training run of a sweep.

use crate::Result;
use crate::error::option_error;
use align_data::EncodedPair;
use align_models::CausalLm;
use align_train::{DpoConfig, DpoTrainer, Flow, Objective, Observer, RunConfig, StepRecord, StopSignal, Trainer};

/// A policy and its training steps.
pub(crate) struct TrainedPolicy {
    pub(crate) policy: Box<dyn CausalLm>,
    pub(crate) training: Vec<StepRecord>,
}

/// Called after every step, with the number of all steps.
type OnStep<'a> = &'a mut dyn FnMut(&StepRecord, u64);

/// Trains a copy of `sft` on pairs; `None` if it was stopped.
pub(crate) fn train_policy(
    sft: &dyn CausalLm,
    pairs: Vec<EncodedPair>,
    config: DpoConfig,
    stop: &StopSignal,
    on_step: OnStep<'_>,
) -> Result<Option<TrainedPolicy>> {
    config.validate()?;
    let mut trainer = DpoTrainer::new(sft.frozen_copy()?, None, pairs, config)?;
    let (mut stop, mut records) = (stop.clone(), StepRecorder { on_step, steps: Vec::new() });
    let summary = trainer.train(&mut [&mut records, &mut stop])?;
    let training = records.steps;
    let is_finished = summary.finished && !stop.is_stopped();
    Ok(is_finished.then(|| TrainedPolicy { policy: trainer.into_policy(), training }))
}

/// The options of a run: the log-probabilities of the common reference are computed before it.
pub(crate) fn run_config(dpo: &DpoConfig) -> DpoConfig {
    DpoConfig { precompute_ref_log_probs: true, ..dpo.clone() }
}

/// Rejects options that a sweep sets itself, and those that its pairs do not allow.
pub(crate) fn check_shared_options(dpo: &DpoConfig) -> Result<()> {
    if dpo.precompute_ref_log_probs || dpo.ref_log_probs_dir.is_some() || dpo.sync_ref_model {
        let problem = "all runs share one reference with precomputed log-probabilities: leave its options out";
        return Err(option_error("dpo", problem));
    }
    if !dpo.pair_numbers().is_empty() {
        let problem =
            "the pairs of a sweep have no numbers of their own: leave soft_labels, odpo_alpha and row_weights out";
        return Err(option_error("dpo", problem));
    }
    Ok(())
}

/// Records every step.
struct StepRecorder<'a> {
    on_step: OnStep<'a>,
    steps: Vec<StepRecord>,
}

impl<O: Objective> Observer<O> for StepRecorder<'_> {
    fn on_step(&mut self, trainer: &Trainer<O>, record: &StepRecord) -> align_train::Result<Flow> {
        (self.on_step)(record, trainer.total_steps());
        self.steps.push(record.clone());
        Ok(Flow::Continue)
    }
}
