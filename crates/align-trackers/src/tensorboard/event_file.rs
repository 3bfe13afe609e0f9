use super::Value;
use super::file_name::new_path;
use super::messages::{Event, SessionLog, Summary, What};
use super::record::record;
use prost::Message;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// An event file that is being written.
///
/// Each call writes whole records to the system, so that a killed program leaves a readable file with all that it had written. At most the last
/// record is cut off, which readers take for the end of the file.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
    /// The last step that was written.
    last_step: u64,
}

impl EventFile {
    /// Creates a new file in `folder`, and the folder if it does not exist. `first_step` is the step where the file goes on: TensorBoard discards
    /// what the other files of the folder have from this step on. It is 0 for a new run.
    ///
    /// # Errors
    /// A folder or file that cannot be created or written.
    pub fn create(folder: &Path, first_step: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = new_path(folder)?;
        let file = OpenOptions::new().append(true).create_new(true).open(&path)?;
        let mut events = Self { path, file, last_step: first_step };
        events.write_event(0, What::FileVersion("brain.Event:2".to_owned()))?;
        const START: i32 = 1;
        events.write_event(first_step, What::SessionLog(SessionLog { status: START }))?;
        Ok(events)
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes values of a step.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&mut self, step: u64, values: impl IntoIterator<Item = Value>) -> io::Result<()> {
        let value: Vec<_> = values.into_iter().map(|Value(value)| value).collect();
        if value.is_empty() {
            return Ok(());
        }
        self.last_step = self.last_step.max(step);
        self.write_event(step, What::Summary(Summary { value }))
    }

    /// Flushes the file to disk, so that it survives a failure of the system.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// The last step that was written, or else the first one.
    pub(super) fn last_step(&self) -> u64 {
        self.last_step
    }

    fn write_event(&mut self, step: u64, what: What) -> io::Result<()> {
        let step = i64::try_from(step).map_err(io::Error::other)?;
        let event = Event { wall_time: now(), step, what: Some(what) };
        self.file.write_all(&record(&event.encode_to_vec()))
    }
}

/// Seconds since 1970.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
