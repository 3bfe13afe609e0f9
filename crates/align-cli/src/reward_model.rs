//! Options of the reward model.

use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions};
use align_inference::{Error, RewardModel};
use align_models::score::Score;
use std::path::Path;

/// Selects which output of the reward model is the reward.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct ScoreOption {
    /// How a text's score is computed from the logits: logit:LABEL, minus-logit:LABEL, log-odds:LABEL, probability:LABEL, or scalar
    /// for a model with one output. LABEL is a name in the config's id2label, or an index. [default: scalar for one output;
    /// minus-logit of the first label for two labels if its name means negative]
    #[arg(long)]
    pub score: Option<Score>,
}

impl ScoreOption {
    /// Loads the reward model in a folder. It scores `batch_size` texts at a time.
    pub fn load(&self, dir: &Path, runtime: &RuntimeOptions, batch_size: usize) -> Result<RewardModel, Failure> {
        self.load_for("--score", dir, runtime, batch_size)
    }

    /// Like [`ScoreOption::load`], for a score that another option gives, which errors name.
    pub fn load_for(
        &self,
        option: &str,
        dir: &Path,
        runtime: &RuntimeOptions,
        batch_size: usize,
    ) -> Result<RewardModel, Failure> {
        let model = RewardModel::from_pretrained(dir, self.score.as_ref(), runtime.dtype, runtime.device()?);
        let model = model.map_err(|error| match error {
            Error::Score { .. } => Failure::from(UsageError::new(format!("{option}, {error}"))),
            error => error.into(),
        })?;
        Ok(model.with_batch_size(batch_size))
    }
}
