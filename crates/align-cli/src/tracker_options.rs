//! Where a run is logged and shown, besides its own folder.

use crate::usage::UsageError;
use crate::{Failure, output, processes};
use align_trackers::{Tracker, UnknownTracker};
use align_train::report::RunWatch;
use align_train::run::{PreparedRun, Run, RunObjective};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Trackers and the live page.
#[derive(clap::Args, Serialize)]
pub struct TrackerOptions {
    /// Trackers that show the run: tensorboard writes event files, mlflow sends to the server of MLFLOW_TRACKING_URI; none shows it nowhere
    /// [default: none].
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1.., action = clap::ArgAction::Set)]
    #[serde(skip_serializing_if = "reports_to_none")]
    report_to: Vec<ReportTo>,
    /// Name of the run: shown by MLflow, and of a folder for the event files in --logging-dir. Needs --report-to.
    #[arg(long, value_name = "TEXT")]
    run_name: Option<String>,
    /// Folder of TensorBoard's event files [default: runs in --output-dir]. Needs --report-to tensorboard.
    #[arg(long)]
    logging_dir: Option<PathBuf>,
    /// Show the report of the run as it grows, on a page of a small server on 127.0.0.1, until the run ends.
    #[arg(long)]
    #[serde(skip)]
    watch: bool,
    /// Port of the page of --watch [default: one that is free].
    #[arg(long, requires = "watch", value_name = "N")]
    #[serde(skip)]
    watch_port: Option<u16>,
}

/// Whether a run is as one without the option.
fn reports_to_none(report_to: &[ReportTo]) -> bool {
    report_to.iter().all(|to| *to == ReportTo::None)
}

/// A tracker, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum ReportTo {
    None,
    #[serde(untagged)]
    Tracker(Tracker),
}

impl FromStr for ReportTo {
    type Err = UnknownTracker;

    fn from_str(name: &str) -> Result<Self, UnknownTracker> {
        if name == "none" { Ok(Self::None) } else { name.parse().map(Self::Tracker) }
    }
}

impl TrackerOptions {
    /// Applies the trackers to a run.
    pub fn apply_to<O: RunObjective>(&self, run: Run<O>) -> Result<Run<O>, Failure> {
        let trackers = self.report_to.iter().filter_map(|to| match to {
            ReportTo::Tracker(tracker) => Some(*tracker),
            ReportTo::None => None,
        });
        let trackers: Vec<Tracker> = trackers.collect();
        if self.report_to.len() > 1 && self.report_to.contains(&ReportTo::None) {
            return Err(UsageError::new("--report-to names none beside others: leave out none or the others").into());
        }
        let run = run.report_to(trackers);
        let run = match &self.run_name {
            Some(name) => run.run_name(name),
            None => run,
        };
        Ok(match &self.logging_dir {
            Some(folder) => run.logging_dir(folder),
            None => run,
        })
    }

    /// Starts to show a run that is about to begin, and says where. Of several processes, rank 0 does.
    pub fn watch<O: RunObjective>(&self, run: &Path, ready: &PreparedRun<O>) -> Result<Option<RunWatch>, Failure> {
        if !self.watch || processes::rank() > 0 {
            return Ok(None);
        }
        let watch = RunWatch::start(run, self.watch_port.unwrap_or(0), Some(ready.trainer().total_steps()))?;
        output::note!("watch the run at {}", watch.url());
        output::flush();
        Ok(Some(watch))
    }
}
