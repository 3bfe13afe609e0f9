//! A reward model on the command line.

use crate::{Failure, RuntimeOptions};
use align_inference::{Error, RewardModel};
use align_models::score::Score;
use std::path::Path;

/// Which of the reward model's outputs is the reward.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct ScoreOption {
    /// What a text's score is: logit:LABEL, minus-logit:LABEL, log-odds:LABEL or probability:LABEL, LABEL by its name in the
    /// config's id2label or its number, or scalar. [default: a single output as it is; minus-logit of the first of two labels if
    /// that is the negative one by its name]
    #[arg(long)]
    pub score: Option<Score>,
}

impl ScoreOption {
    /// The reward model in a folder, which scores `batch_size` texts at a time.
    pub fn load(&self, dir: &Path, runtime: &RuntimeOptions, batch_size: usize) -> Result<RewardModel, Failure> {
        let model = RewardModel::from_pretrained(dir, self.score.as_ref(), runtime.dtype, runtime.device()?);
        let model = model.map_err(|error| match error {
            Error::Score { .. } => Failure::from(format!("--score, {error}")),
            error => error.into(),
        })?;
        Ok(model.with_batch_size(batch_size))
    }
}
