use crate::reference_logps::ReferenceLogps;
use crate::{DpoConfig, DpoTrainer, Error, Result, fingerprint};
use align_models::CausalLm;
use align_models::checkpoint::{Checkpoint, save_safetensors};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tch::Tensor;

const OPTIMIZER: &str = "optimizer.safetensors";
const REFERENCE: &str = "reference_logps.safetensors";
const STATE: &str = "trainer_state.json";
const PREFIX: &str = "checkpoint-";

/// Everything of a run that is not a tensor.
#[derive(Debug, Serialize, Deserialize)]
struct TrainerState {
    step: u64,
    num_tokens: u64,
    /// Digest of the training pairs.
    train: String,
    /// Sum of the reference's norms.
    reference: f64,
    config: DpoConfig,
}

/// The folder of the checkpoint after `step` steps.
pub(crate) fn checkpoint_dir(run: &Path, step: u64) -> PathBuf {
    run.join(format!("{PREFIX}{step}"))
}

/// A run folder's checkpoints by step, oldest first.
pub(crate) fn checkpoints(run: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let entries = fs::read_dir(run).map_err(|e| fail(run, format!("cannot be read: {e}")))?;
    let step_of = |path: &Path| path.file_name()?.to_str()?.strip_prefix(PREFIX)?.parse().ok();
    let mut all: Vec<(u64, PathBuf)> =
        entries.flatten().filter_map(|entry| Some((step_of(&entry.path())?, entry.path()))).collect();
    all.sort();
    Ok(all)
}

/// The newest checkpoint of a run folder, if it has one.
///
/// # Errors
/// A folder that cannot be read.
pub fn latest_checkpoint(run: &Path) -> Result<Option<PathBuf>> {
    Ok(checkpoints(run)?.pop().map(|(_, path)| path))
}

fn fail(path: &Path, reason: impl Into<String>) -> Error {
    Error::Checkpoint { path: path.to_owned(), reason: reason.into() }
}

impl<M: CausalLm> DpoTrainer<M> {
    /// Writes all that a resumed run needs into the new folder `dir`: the policy in transformers' layout, the optimiser's
    /// moments, the reference's log-probabilities so far, and the counters. The folder appears whole or not at all.
    ///
    /// # Errors
    /// A folder that exists already or cannot be written.
    pub fn save_checkpoint(&self, dir: &Path) -> Result<()> {
        if dir.exists() {
            return Err(fail(dir, "exists already: it is not overwritten"));
        }
        let parent = dir.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|e| fail(parent, format!("cannot be made: {e}")))?;
        let scratch = tempfile::Builder::new().prefix(".checkpoint-").tempdir_in(parent);
        let scratch = scratch.map_err(|e| fail(parent, format!("cannot be written: {e}")))?;
        self.write_checkpoint(scratch.path())?;
        fs::rename(scratch.path(), dir).map_err(|e| fail(dir, format!("cannot be written: {e}")))?;
        // The rename moved the scratch folder away: there is nothing left to remove.
        let _ = scratch.keep();
        File::open(parent).and_then(|p| p.sync_all()).map_err(|e| fail(parent, e.to_string()))
    }

    fn write_checkpoint(&self, dir: &Path) -> Result<()> {
        self.policy.save_pretrained(dir, false)?;
        let state: Vec<(String, &Tensor)> = self.optimizer.state().collect();
        save_safetensors(&dir.join(OPTIMIZER), state.iter().map(|(name, tensor)| (name.as_str(), *tensor)), false)
            .map_err(align_models::Error::from)?;
        let reference = self.train_reference.to_tensor()?;
        save_safetensors(&dir.join(REFERENCE), [("train", &reference)], false).map_err(align_models::Error::from)?;
        let state = TrainerState {
            step: self.step,
            num_tokens: self.num_tokens,
            train: fingerprint::of_pairs(&self.train),
            reference: self.reference_fingerprint,
            config: self.config.clone(),
        };
        let path = dir.join(STATE);
        let write = || {
            let file = File::create_new(&path)?;
            serde_json::to_writer_pretty(&file, &state)?;
            file.sync_all()
        };
        write().map_err(|e| fail(&path, format!("cannot be written: {e}")))
    }

    /// Goes back to where [`DpoTrainer::save_checkpoint`] was called: the run that follows is the uninterrupted one, byte
    /// for byte. The trainer must have been built with the same options, pairs and reference.
    ///
    /// # Errors
    /// A folder that is not a whole checkpoint, or one of another run; the error says what differs.
    pub fn resume(&mut self, dir: &Path) -> Result<()> {
        let path = dir.join(STATE);
        let text = fs::read_to_string(&path).map_err(|e| fail(&path, format!("cannot be read: {e}")))?;
        let state: TrainerState = serde_json::from_str(&text).map_err(|e| fail(&path, e.to_string()))?;
        self.check_same_run(dir, &state)?;
        self.load_policy(dir)?;
        let path = dir.join(OPTIMIZER);
        let moments = Checkpoint::open_safetensors(&path).map_err(align_models::Error::from)?;
        self.optimizer.load_state(state.step, |name| Ok(moments.read(name).map_err(align_models::Error::from)?))?;
        // Held-out pairs may differ from run to run, so only the training pairs' log-probabilities are kept.
        let path = dir.join(REFERENCE);
        let remembered = Checkpoint::open_safetensors(&path)
            .and_then(|file| file.read("train"))
            .map_err(align_models::Error::from)?;
        let rows = self.train.len();
        self.train_reference = ReferenceLogps::from_tensor(&remembered, rows)?
            .ok_or_else(|| fail(&path, format!("its tensor train has not the shape [{rows}, 2]")))?;
        (self.step, self.num_tokens) = (state.step, state.num_tokens);
        Ok(())
    }

    fn check_same_run(&self, dir: &Path, state: &TrainerState) -> Result<()> {
        let ours = serde_json::to_value(&self.config).map_err(|e| fail(dir, e.to_string()))?;
        let theirs = serde_json::to_value(&state.config).map_err(|e| fail(dir, e.to_string()))?;
        // These change what is written and when, not the weights.
        const FREE: [&str; 7] = [
            "logging_steps",
            "eval_strategy",
            "eval_steps",
            "per_device_eval_batch_size",
            "save_strategy",
            "save_steps",
            "save_total_limit",
        ];
        for (option, value) in ours.as_object().into_iter().flatten() {
            let before = theirs.get(option).unwrap_or(&serde_json::Value::Null);
            if value != before && !FREE.contains(&option.as_str()) {
                return Err(fail(dir, format!("was written with {option} = {before}, this run has {value}")));
            }
        }
        if state.train != fingerprint::of_pairs(&self.train) {
            return Err(fail(dir, "was written by a run on other training pairs (or tokenised in another way)"));
        }
        let difference = (state.reference - self.reference_fingerprint).abs();
        if difference > 1e-9 * self.reference_fingerprint.abs() {
            return Err(fail(dir, "was written by a run with another reference model: give the same one"));
        }
        Ok(())
    }

    fn load_policy(&mut self, dir: &Path) -> Result<()> {
        let checkpoint = Checkpoint::open(dir).map_err(align_models::Error::from)?;
        tch::no_grad(|| {
            for (name, weight) in self.policy.parameters().iter() {
                let stored = checkpoint.read(name).map_err(align_models::Error::from)?;
                if stored.size() != weight.size() {
                    let (found, expected) = (stored.size(), weight.size());
                    return Err(fail(dir, format!("{name} has shape {found:?}, this policy's is {expected:?}")));
                }
                weight.shallow_clone().f_copy_(&stored)?;
            }
            Ok(())
        })
    }
}
