//! Checkpoints of a run. The folder `checkpoint-STEP` has these files:
//!
//! * the model in transformers' layout, or the adapter in PEFT's;
//! * `optimizer.safetensors`;
//! * `trainer_state.json`: step, log history, run identity, the objective's state, the config;
//! * `reference_logps.safetensors`: the reference log-probabilities;
//! * `reference.safetensors`: the weights of the reference model, if they have been updated;
//! * `manifest.json`: the digests of all files.

use crate::config::OPTIONS_WITHOUT_EFFECT_ON_WEIGHTS;
use crate::load_weights::load_weights;
use crate::log_files::LogPrefix;
use crate::log_history::LogHistory;
use crate::objective::Objective;
use crate::option_difference::difference;
use crate::run_checkpoints::checkpoints;
use crate::run_identity::RunIdentity;
use crate::{Error, Result, ResumeMode, Trainer};
use align_base::counted;
use align_base::files::{ManifestError, check_manifest, write_manifest};
use align_models::TrainableModel;
use align_models::checkpoint::{Checkpoint, save_safetensors};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use tch::Tensor;

const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "trainer_state.json";
/// The version of the checkpoint format, as in the manifest.
const FORMAT: &str = "align checkpoint 2";

const STATE_IS_SHARED_OUT: &str = "cannot be written now: with zero_stage 1 the optimiser's state is gathered only for the checkpoints of \
                                   save_strategy and at the end of a stopped run";

/// The state of a run other than its tensors.
#[derive(Debug, Serialize, Deserialize)]
struct TrainerState<C> {
    step: u64,
    num_tokens: u64,
    identity: RunIdentity,
    history: LogHistory,
    /// How much the run has written to each log file, by file name.
    lines: BTreeMap<String, LogPrefix>,
    /// The state of the objective.
    objective: Value,
    config: C,
    #[serde(flatten)]
    processes: Processes,
}

/// The processes of the run that wrote a checkpoint.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
struct Processes {
    /// How many computed each batch.
    world_size: usize,
    /// How many `per_device_train_batch_size` is for.
    num_processes: usize,
}

impl Default for Processes {
    fn default() -> Self {
        Self { world_size: 1, num_processes: 1 }
    }
}

/// The number of processes that the batch size of a checkpoint's run is for.
pub(crate) fn num_processes_of(dir: &Path) -> Result<usize> {
    verify_checkpoint(dir)?;
    let state: Processes = read_state(dir)?;
    Ok(state.num_processes)
}

fn read_state<S: DeserializeOwned>(dir: &Path) -> Result<S> {
    let path = dir.join(STATE);
    let text = fs::read_to_string(&path).map_err(|e| fail(&path, format!("cannot be read: {e}")))?;
    serde_json::from_str(&text).map_err(|e| fail(&path, e.to_string()))
}

/// Checks every file of a checkpoint against the digests in its manifest.
pub(crate) fn verify_checkpoint(dir: &Path) -> Result<()> {
    check_manifest(dir, FORMAT).map_err(|problem| match problem {
        ManifestError::Missing if dir.join(STATE).exists() => fail(
            dir,
            format!(
                "has no manifest: it was deleted, or an earlier version, which had no manifests, wrote the checkpoint. {}, or start a new \
                 run from its weights",
                remedy(dir)
            ),
        ),
        ManifestError::Missing => fail(dir, "is not a complete checkpoint: it has no manifest"),
        ManifestError::Format { .. } => {
            fail(dir, format!("{problem}: finish the run with the version that wrote it, or start a new run from its weights"))
        }
        ManifestError::File { path, reason } => fail(&path, format!("{reason}. {}", remedy(dir))),
    })
}

/// What to do about a damaged checkpoint. Names the newest intact checkpoint before it.
fn remedy(dir: &Path) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let run = dir.parent().unwrap_or(Path::new("."));
    let before = checkpoints(run).unwrap_or_default().into_iter().rev().skip_while(|(_, path)| path != dir).skip(1);
    let intact = before.map(|(_, path)| path).find(|path| check_manifest(path, FORMAT).is_ok());
    let this = name(dir);
    match intact {
        Some(intact) => {
            format!("Delete {this} or move it away, and resume again: {} before it is intact", name(&intact))
        }
        None => format!("No checkpoint before {this} is intact: start the run again"),
    }
}

fn fail(path: &Path, reason: impl Into<String>) -> Error {
    Error::Checkpoint { path: path.to_owned(), reason: reason.into() }
}

impl<O: Objective> Trainer<O> {
    /// Writes all that a resumed run needs into the new folder `dir`: the policy in transformers' layout, the optimiser's
    /// moments, what the objective keeps (the reference's log-probabilities so far, or its weights where it moves), the
    /// counters, and a manifest with the digest of each of these files. The folder appears whole or not at all.
    ///
    /// # Errors
    /// A folder that exists already or cannot be written.
    pub fn save_checkpoint(&self, dir: &Path) -> Result<()> {
        self.save_checkpoint_with(dir, |_| Ok(()))
    }

    /// Like [`Trainer::save_checkpoint`], and calls `before_rename` with the temporary folder before it is renamed to `dir`.
    pub(crate) fn save_checkpoint_with(
        &self,
        dir: &Path,
        before_rename: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        if dir.exists() {
            return Err(fail(dir, "exists already: it is not overwritten"));
        }
        let cannot = |e: std::io::Error| fail(dir, format!("cannot be written: {e}"));
        align_base::files::write_folder(dir, cannot, |scratch| {
            self.write_checkpoint(scratch)?;
            before_rename(scratch)
        })
    }

    fn write_checkpoint(&self, dir: &Path) -> Result<()> {
        self.policy().save_pretrained(dir, false)?;
        let state: Vec<(String, &Tensor)> = match &self.gathered_state {
            Some(all) => all.iter().map(|(name, tensor)| (name.clone(), tensor)).collect(),
            None if self.optimizer.is_sharded() => return Err(fail(dir, STATE_IS_SHARED_OUT)),
            None => self.optimizer.state().collect(),
        };
        save_safetensors(&dir.join(OPTIMIZER), state.iter().map(|(name, tensor)| (name.as_str(), *tensor)), false)
            .map_err(align_models::Error::from)?;
        self.objective.save_tensors(dir)?;
        let state = TrainerState {
            step: self.step,
            num_tokens: self.num_tokens,
            identity: self.identity()?,
            history: self.history.clone(),
            lines: self.log_files.sync()?,
            objective: self.objective.state()?,
            config: self.config().clone(),
            processes: Processes { world_size: self.group.world_size(), num_processes: self.training().num_processes },
        };
        let path = dir.join(STATE);
        let write = || {
            let file = File::create_new(&path)?;
            serde_json::to_writer_pretty(&file, &state)?;
            file.sync_all()
        };
        write().map_err(|e| fail(&path, format!("cannot be written: {e}")))?;
        write_manifest(dir, FORMAT).map_err(|e| fail(dir, format!("its manifest cannot be written: {e}")))
    }

    /// Restores the state at which [`Trainer::save_checkpoint`] was called. Training then gives the same bytes as an uninterrupted run.
    /// The trainer must have been created with the same options, rows, models and reference model, in the same environment.
    ///
    /// All files are verified against the manifest before any is read.
    ///
    /// # Errors
    /// A damaged checkpoint (the error names the newest intact one before it), or a checkpoint of another run (the error names what
    /// differs).
    pub fn resume(&mut self, dir: &Path) -> Result<()> {
        self.resume_with(dir, ResumeMode::Exact)
    }

    /// Like [`Trainer::resume`], but [`ResumeMode::Inexact`] also allows another processor, device, number of threads, matmul precision or
    /// library version.
    ///
    /// # Errors
    /// Those of [`Trainer::resume`].
    pub fn resume_with(&mut self, dir: &Path, mode: ResumeMode) -> Result<()> {
        verify_checkpoint(dir)?;
        let state: TrainerState<O::Config> = read_state(dir)?;
        self.check_same_run(dir, &state, mode)?;
        let policy = self.policy().open_saved(dir)?;
        load_weights(self.policy().parameters(), &policy, dir)?;
        let path = dir.join(OPTIMIZER);
        let moments = Checkpoint::open_safetensors(&path).map_err(align_models::Error::from)?;
        self.optimizer.load_state(state.step, |name| Ok(moments.read(name).map_err(align_models::Error::from)?))?;
        self.objective.load_tensors(dir)?;
        self.objective.load_state(&state.objective)?;
        (self.step, self.num_tokens, self.history) = (state.step, state.num_tokens, state.history);
        self.log_files.resumed = state.lines;
        Ok(())
    }

    /// Like [`Trainer::resume_with`], but if it fails in any process, it fails in all of them.
    pub(crate) fn resume_in_group(&mut self, dir: &Path, mode: ResumeMode) -> Result<()> {
        let resumed = self.resume_with(dir, mode);
        self.group.agree_on_result(resumed)
    }

    fn identity(&self) -> Result<RunIdentity> {
        RunIdentity::of(&self.objective, self.frozen_digest.as_ref(), &self.train, &self.eval)
    }

    fn check_same_run(&self, dir: &Path, state: &TrainerState<O::Config>, mode: ResumeMode) -> Result<()> {
        let ours = serde_json::to_value(self.config()).map_err(|e| fail(dir, e.to_string()))?;
        let theirs = serde_json::to_value(&state.config).map_err(|e| fail(dir, e.to_string()))?;
        if let Some((option, before, now)) = difference(&ours, &theirs, &OPTIONS_WITHOUT_EFFECT_ON_WEIGHTS) {
            return Err(fail(dir, format!("was written with {option} = {before}, but this run has {now}")));
        }
        let Processes { world_size, num_processes } = state.processes;
        let (now, batches) = (self.group.world_size(), self.training().num_processes);
        if num_processes != batches {
            let reason =
                format!("was written with batches for num_processes = {num_processes}, but this run has {batches}");
            return Err(fail(dir, reason));
        }
        if world_size != now && mode == ResumeMode::Exact {
            return Err(fail(
                dir,
                format!(
                    "was written by a run of {}, but this run has {now}. Its batches can be shared out in another way, but the results would \
                     differ in rounding from those of an uninterrupted run: start as many processes, or set --allow-inexact-resume",
                    counted(world_size, "process")
                ),
            ));
        }
        let mismatch = self.identity()?.mismatch(&state.identity, mode);
        mismatch.map_or(Ok(()), |reason| Err(fail(dir, reason)))
    }
}
