use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A program that shows training runs, by its name in transformers' `report_to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tracker {
    /// TensorBoard, by event files.
    TensorBoard,
    /// MLflow, by the REST interface of its tracking server.
    MlFlow,
}

impl Tracker {
    /// All trackers.
    pub const ALL: [Self; 2] = [Self::TensorBoard, Self::MlFlow];

    /// The name in `report_to`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TensorBoard => "tensorboard",
            Self::MlFlow => "mlflow",
        }
    }
}

impl fmt::Display for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not that of a tracker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownTracker(String);

impl FromStr for Tracker {
    type Err = UnknownTracker;

    /// Reads a name of transformers' `report_to`.
    fn from_str(name: &str) -> Result<Self, UnknownTracker> {
        if let Some(tracker) = Self::ALL.into_iter().find(|tracker| tracker.name() == name) {
            return Ok(tracker);
        }
        Err(UnknownTracker(match name {
            "wandb" => "the files and the interface of Weights & Biases are documented only for its own client: use tensorboard, whose files its \
                        client can upload, or mlflow"
                .to_owned(),
            "all" => "name the trackers: tensorboard, mlflow".to_owned(),
            _ => "expected tensorboard, mlflow or none".to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_those_of_transformers() {
        for tracker in Tracker::ALL {
            assert_eq!(tracker.to_string().parse(), Ok(tracker));
            assert_eq!(serde_json::to_value(tracker).unwrap(), tracker.name());
        }
        let problem = "wandb".parse::<Tracker>().unwrap_err().to_string();
        assert!(problem.contains("use tensorboard"), "{problem}");
        assert!("comet".parse::<Tracker>().unwrap_err().to_string().contains("expected"));
    }
}
