//! Settings of a run's trackers, and their checks.

use crate::{Error, Objective, Result, RunFolder, Trainer};
use align_trackers::Tracker;
use align_trackers::mlflow::MlflowSettings;
use align_trackers::tensorboard::has_event_files;
use std::path::{Path, PathBuf};

/// The folder of TensorBoard's event files in the output folder.
const EVENTS: &str = "runs";

/// Where a run is logged, besides its own folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrackerSettings {
    pub trackers: Vec<Tracker>,
    pub run_name: Option<String>,
    pub logging_dir: Option<PathBuf>,
    pub mlflow: Option<MlflowSettings>,
}

impl TrackerSettings {
    pub fn has(&self, tracker: Tracker) -> bool {
        self.trackers.contains(&tracker)
    }

    /// Whether the values of single rows are needed.
    fn shows_histograms(&self) -> bool {
        self.has(Tracker::TensorBoard)
    }

    /// Lets a trainer keep the values of single rows, if they are needed.
    pub fn collect_values<O: Objective>(&self, trainer: &mut Trainer<O>) {
        trainer.collects_row_values = self.shows_histograms();
    }

    /// Checks for settings that contradict each other or would be ignored, before the output folder is opened.
    pub fn check(&self, output_dir: &Path) -> Result<()> {
        let fail = |option: &'static str, reason: String| Err(Error::Config { option, reason });
        if let Some(tracker) =
            self.trackers.iter().find(|one| self.trackers.iter().filter(|all| all == one).count() > 1)
        {
            return fail("report_to", format!("names {tracker} twice: name it once"));
        }
        if self.logging_dir.is_some() && !self.has(Tracker::TensorBoard) {
            return fail(
                "logging_dir",
                "has no effect unless report_to has tensorboard: add it, or leave it out".into(),
            );
        }
        if let Some(name) = &self.run_name {
            if self.trackers.is_empty() {
                return fail(
                    "run_name",
                    "has no effect unless report_to names a tracker: add one, or leave it out".into(),
                );
            }
            let is_folder = !name.contains(['/', '\\']) && !name.chars().any(char::is_control);
            if name.is_empty() || name.starts_with('.') || !is_folder {
                let shown = align_base::printable_line(name);
                return fail(
                    "run_name",
                    format!("is {shown:?}, expected a name that a folder can have, without a slash"),
                );
            }
        }
        if self.mlflow.is_some() && !self.has(Tracker::MlFlow) {
            return fail("report_to", "has no mlflow, but a server is set: add it".into());
        }
        let events = self.events(output_dir);
        match is_run_file_or_inside(output_dir, &events) {
            true => {
                fail("logging_dir", format!("is {}, which the run replaces: choose another folder", events.display()))
            }
            false => Ok(()),
        }
    }

    /// Checks the server's settings, and that the event files of another run would not be mixed with those of this run. Of several processes,
    /// the one that writes does.
    pub fn check_writer(&self, output_dir: &Path, resumes: bool) -> Result<()> {
        if self.has(Tracker::MlFlow) {
            self.mlflow_settings()?;
        }
        if !self.has(Tracker::TensorBoard) || resumes {
            return Ok(());
        }
        let folder = self.events(output_dir);
        match has_event_files(&folder) {
            Ok(false) => Ok(()),
            Ok(true) => {
                let reason = "has the event files of another run, which TensorBoard would show as one with this run: choose another \
                              logging_dir, or set run_name";
                Err(Error::Output { path: folder, reason: reason.into() })
            }
            Err(e) => Err(Error::Output { path: folder, reason: e.to_string() }),
        }
    }

    /// The server's settings: those that were set, or those of the environment variables.
    pub fn mlflow_settings(&self) -> Result<MlflowSettings> {
        let settings = self.mlflow.clone().map_or_else(MlflowSettings::from_environment, Ok);
        settings.map_err(|e| Error::Config { option: "report_to", reason: format!("has mlflow, but {e}") })
    }

    /// The folder of the event files.
    pub fn events(&self, output_dir: &Path) -> PathBuf {
        let folder = self.logging_dir.clone().unwrap_or_else(|| output_dir.join(EVENTS));
        self.run_name.as_ref().map_or_else(|| folder.clone(), |name| folder.join(name))
    }
}

/// Whether a folder is a file or folder that a run writes in its output folder, or inside of one.
fn is_run_file_or_inside(output_dir: &Path, folder: &Path) -> bool {
    let (Ok(output_dir), Ok(folder)) = (std::path::absolute(output_dir), std::path::absolute(folder)) else {
        return false;
    };
    folder
        .strip_prefix(&output_dir)
        .is_ok_and(|inside| inside.iter().next().is_some_and(|name| RunFolder::is_run_file(&name.to_string_lossy())))
}
