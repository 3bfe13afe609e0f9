//! A checkpoint of a run, `checkpoint-STEP` in its folder: the model (`config.json` and weights, or an adapter's),
//! `optimizer.safetensors`, `trainer_state.json` (step, history, identity, what moves with the objective, the config), the reference's
//! log-probabilities (`reference_logps.safetensors`) and, where it moves, its weights (`reference.safetensors`); `manifest.json` has the
//! digest of each.

use crate::config::BOOKKEEPING;
use crate::history::History;
use crate::line_files::Lines;
use crate::objective::Objective;
use crate::run_checkpoints::checkpoints;
use crate::run_identity::RunIdentity;
use crate::weights::load_weights;
use crate::{Error, Result, Rounding, Trainer};
use align_base::files::{ManifestError, check_manifest, write_manifest};
use align_models::TrainableModel;
use align_models::checkpoint::{Checkpoint, save_safetensors};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use tch::Tensor;

const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "trainer_state.json";
/// What the manifest calls a checkpoint: a change of what it holds changes the number.
const FORM: &str = "align checkpoint 2";

/// Everything of a run that is not a tensor.
#[derive(Debug, Serialize, Deserialize)]
struct TrainerState<C> {
    step: u64,
    num_tokens: u64,
    /// What the run follows from.
    identity: RunIdentity,
    history: History,
    /// The lines that the run has written so far, by their file's name.
    lines: BTreeMap<String, Lines>,
    /// What else moves with the objective.
    objective: Value,
    config: C,
}

/// Checks every file of a checkpoint against its manifest.
pub(crate) fn check_whole(dir: &Path) -> Result<()> {
    check_manifest(dir, FORM).map_err(|problem| match problem {
        ManifestError::Missing if dir.join(STATE).exists() => fail(
            dir,
            format!(
                "has no manifest: it lost it, or is of an earlier version of these crates, which wrote none. {}, or begin a new run from its \
                 weights",
                remedy(dir)
            ),
        ),
        ManifestError::Missing => fail(dir, "is no whole checkpoint: it has no manifest"),
        ManifestError::Format { .. } => {
            fail(dir, format!("{problem}: finish its run with the version that wrote it, or begin a new one from its weights"))
        }
        ManifestError::File { path, reason } => fail(&path, format!("{reason}. {}", remedy(dir))),
    })
}

/// What to do about a checkpoint that is damaged: the newest one before it that is whole is named.
fn remedy(dir: &Path) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let run = dir.parent().unwrap_or(Path::new("."));
    let before = checkpoints(run).unwrap_or_default().into_iter().rev().skip_while(|(_, path)| path != dir).skip(1);
    let whole = before.map(|(_, path)| path).find(|path| check_manifest(path, FORM).is_ok());
    let this = name(dir);
    match whole {
        Some(whole) => {
            format!(
                "{} before it is whole: delete {this} or move it away, and resume again to go on from there",
                name(&whole)
            )
        }
        None => format!("No checkpoint before {this} is whole: begin the run again"),
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

    /// The same; `take_note` is given the written folder before it gets its name.
    pub(crate) fn save_checkpoint_with(&self, dir: &Path, take_note: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        if dir.exists() {
            return Err(fail(dir, "exists already: it is not overwritten"));
        }
        let cannot = |e: std::io::Error| fail(dir, format!("cannot be written: {e}"));
        align_base::files::write_folder(dir, cannot, |scratch| {
            self.write_checkpoint(scratch)?;
            take_note(scratch)
        })
    }

    fn write_checkpoint(&self, dir: &Path) -> Result<()> {
        self.policy().save_pretrained(dir, false)?;
        let state: Vec<(String, &Tensor)> = self.optimizer.state().collect();
        save_safetensors(&dir.join(OPTIMIZER), state.iter().map(|(name, tensor)| (name.as_str(), *tensor)), false)
            .map_err(align_models::Error::from)?;
        self.objective.save_tensors(dir)?;
        let state = TrainerState {
            step: self.step,
            num_tokens: self.num_tokens,
            identity: RunIdentity::of(self)?,
            history: self.history.clone(),
            lines: self.line_files.so_far()?,
            objective: self.objective.state()?,
            config: self.config().clone(),
        };
        let path = dir.join(STATE);
        let write = || {
            let file = File::create_new(&path)?;
            serde_json::to_writer_pretty(&file, &state)?;
            file.sync_all()
        };
        write().map_err(|e| fail(&path, format!("cannot be written: {e}")))?;
        write_manifest(dir, FORM).map_err(|e| fail(dir, format!("its manifest cannot be written: {e}")))
    }

    /// Goes back to where [`Trainer::save_checkpoint`] was called: the run that follows is the uninterrupted one, byte
    /// for byte. The trainer must have been built with the same options, rows, models and reference, in the same environment.
    ///
    /// Nothing of the checkpoint is read before its manifest has vouched for every file.
    ///
    /// # Errors
    /// A folder that is not a whole checkpoint, or one of another run; the error says what is damaged and which checkpoint before it
    /// is whole, or what differs.
    pub fn resume(&mut self, dir: &Path) -> Result<()> {
        self.resume_with(dir, Rounding::Same)
    }

    /// As [`Trainer::resume`], also where another processor, number of threads, device, matmul precision or version of a library
    /// [rounds otherwise](Rounding::MayDiffer).
    ///
    /// # Errors
    /// As [`Trainer::resume`].
    pub fn resume_with(&mut self, dir: &Path, rounding: Rounding) -> Result<()> {
        check_whole(dir)?;
        let path = dir.join(STATE);
        let text = fs::read_to_string(&path).map_err(|e| fail(&path, format!("cannot be read: {e}")))?;
        let state: TrainerState<O::Config> = serde_json::from_str(&text).map_err(|e| fail(&path, e.to_string()))?;
        self.check_same_run(dir, &state, rounding)?;
        let policy = self.policy().open_saved(dir)?;
        load_weights(self.policy().parameters(), &policy, dir)?;
        let path = dir.join(OPTIMIZER);
        let moments = Checkpoint::open_safetensors(&path).map_err(align_models::Error::from)?;
        self.optimizer.load_state(state.step, |name| Ok(moments.read(name).map_err(align_models::Error::from)?))?;
        self.objective.load_tensors(dir)?;
        self.objective.restore(&state.objective)?;
        (self.step, self.num_tokens, self.history) = (state.step, state.num_tokens, state.history);
        self.line_files.resumed = state.lines;
        Ok(())
    }

    fn check_same_run(&self, dir: &Path, state: &TrainerState<O::Config>, rounding: Rounding) -> Result<()> {
        let ours = serde_json::to_value(self.config()).map_err(|e| fail(dir, e.to_string()))?;
        let theirs = serde_json::to_value(&state.config).map_err(|e| fail(dir, e.to_string()))?;
        if let Some((option, before, now)) = difference(&ours, &theirs) {
            return Err(fail(dir, format!("was written with {option} = {before}, this run has {now}")));
        }
        let refusal = RunIdentity::of(self)?.refusal(&state.identity, rounding);
        refusal.map_or(Ok(()), |reason| Err(fail(dir, reason)))
    }
}

/// The first option in which two configurations differ, with its values then and now; [`BOOKKEEPING`] is free.
fn difference(ours: &Value, theirs: &Value) -> Option<(String, Value, Value)> {
    ours.as_object()?.iter().find_map(|(option, now)| {
        let before = theirs.get(option).unwrap_or(&Value::Null);
        match now {
            _ if now == before || BOOKKEEPING.contains(&option.as_str()) => None,
            Value::Object(_) if before.is_object() => difference(now, before),
            _ => Some((option.clone(), before.clone(), now.clone())),
        }
    })
}
