//! Runs on an MLflow tracking server, over its REST interface (`/api/2.0/mlflow`).
//!
//! [`MlflowRun`] sends parameters and metrics from a thread of its own, so that a slow server does not slow the training, and one that cannot be
//! reached does not end it: what could not be sent is kept and sent later, and [`MlflowRun::finish`] says what was not sent.
//!
//! The names are those of transformers' `MLflowCallback`: parameters are the options, metrics are `loss`, `eval_loss`, `rewards/margins` and so on.

mod client;
mod names;
mod queue;
mod run_start;
mod sender;
mod server_run;
mod settings;

pub use run_start::{End, RunStart};
pub use sender::{MlflowRun, NotSent};
pub use settings::{MlflowSettings, SettingError};
