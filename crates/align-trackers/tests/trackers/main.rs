//! Tests of event files, MLflow and the live page. With `ALIGN_PYTHON`, a Python with tensorboard and mlflow, TensorBoard reads the event files and
//! an MLflow server shows the run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod event_files;
mod mlflow;
mod mlflow_server;
mod mlflow_unreachable;
mod plain_reader;
mod python;
mod tensorboard;
mod watch;
