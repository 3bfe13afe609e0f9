use super::live_report::live_report;
use crate::{Error, Result, RunFolder};
use align_trackers::watch::{LivePage, PageServer, SCRIPT_PATH};
use std::path::{Path, PathBuf};

/// A small HTTP server on 127.0.0.1 that shows the report of a run as it grows, until it is dropped. When the run is finished, it shows the run's
/// final report.
///
/// The page is made from the files in the run's folder when a browser asks for it, so the run itself does no more work.
#[derive(Debug)]
pub struct RunWatch {
    server: PageServer,
}

impl RunWatch {
    /// Starts to show the run in a folder on a port of 127.0.0.1; 0 chooses a free one. `total_steps` are the steps of the whole run, if they are
    /// known.
    ///
    /// # Errors
    /// A port that is in use or not allowed.
    pub fn start(run: &Path, port: u16, total_steps: Option<u64>) -> Result<Self> {
        let page = RunPage { folder: run.to_owned(), total_steps };
        let server = PageServer::start(port, page)
            .map_err(|e| Error::Config { option: "watch_port", reason: format!("cannot be used: {e}") })?;
        Ok(Self { server })
    }

    /// The address of the page.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }
}

struct RunPage {
    folder: PathBuf,
    total_steps: Option<u64>,
}

impl RunPage {
    /// The final report, if the run is finished.
    fn report(&self) -> Option<PathBuf> {
        let is_finished = RunFolder::finished_model(&self.folder).ok().flatten().is_some();
        is_finished.then(|| self.folder.join(RunFolder::REPORT))
    }
}

impl LivePage for RunPage {
    /// The lengths of the files of which the page is made.
    fn version(&self) -> String {
        let length = |name: &str| std::fs::metadata(self.folder.join(name)).map_or(0, |file| file.len());
        let [metrics, samples] = [RunFolder::METRICS, RunFolder::SAMPLES].map(length);
        format!("{metrics} {samples} {}", if self.report().is_some() { length(RunFolder::REPORT) } else { 0 })
    }

    fn html(&self) -> std::result::Result<String, String> {
        match self.report() {
            Some(report) => std::fs::read_to_string(report).map_err(|e| e.to_string()),
            None => {
                let report = live_report(&self.folder, self.total_steps).map_err(|e| e.to_string())?;
                report.to_live_html(SCRIPT_PATH).map_err(|e| e.to_string())
            }
        }
    }
}
