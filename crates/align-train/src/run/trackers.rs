//! Trackers of a run: setting and opening them.

use super::{PreparedRun, Run, RunObjective};
use crate::observer::{TrackerLog, TrackerTexts};
use crate::{Error, Result, RunFolder, TrainingRecords};
use align_models::TrainableModel;
use align_trackers::Tracker;
use align_trackers::mlflow::{MlflowRun, MlflowSettings, RunStart};
use align_trackers::tensorboard::{EventFile, HyperParameter, Value as EventValue, has_event_files, tag};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The metrics that TensorBoard shows beside the hyper-parameters, if a run logs them.
const MAIN_METRICS: [&str; 5] =
    ["loss", "eval_loss", "rewards/margins", "rewards/accuracies", "eval_rewards/accuracies"];

impl<O: RunObjective> Run<O> {
    /// Logs the run to these trackers, like transformers' `report_to`; by default to none. [`Tracker::TensorBoard`] writes event files into the
    /// folder `runs` of the output folder. [`Tracker::MlFlow`] sends to the server of the environment variable `MLFLOW_TRACKING_URI`, unless
    /// [`Run::mlflow`] sets one.
    pub fn report_to(mut self, trackers: impl IntoIterator<Item = Tracker>) -> Self {
        self.trackers.trackers = trackers.into_iter().collect();
        self
    }

    /// Sets the name of the run: MLflow shows it, and TensorBoard's event files go to a folder with this name within the logging folder. Without
    /// it, MLflow shows the path of the output folder.
    pub fn run_name(mut self, name: impl Into<String>) -> Self {
        self.trackers.run_name = Some(name.into());
        self
    }

    /// Sets the folder of TensorBoard's event files. The default is `runs` in the output folder.
    pub fn logging_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.trackers.logging_dir = Some(folder.into());
        self
    }

    /// Sets the MLflow server and experiment, in place of the environment variables.
    pub fn mlflow(mut self, settings: MlflowSettings) -> Self {
        self.trackers.mlflow = Some(settings);
        self
    }
}

impl<O: RunObjective> PreparedRun<O> {
    /// Opens the trackers, in the process that writes. A run that is resumed goes on in them after its checkpoint.
    pub(super) fn open_trackers(&self) -> Result<Option<TrackerLog>> {
        let Some(folder) = self.folder.as_ref().filter(|_| !self.trackers.trackers.is_empty()) else { return Ok(None) };
        let step = self.trainer.step();
        let mut log = TrackerLog { tensorboard: None, mlflow: None, texts: None, last_evaluation: None };
        let mut continues = false;
        if self.trackers.has(Tracker::TensorBoard) {
            let (events, has_files) = self.open_events(step)?;
            continues = has_files && step > 0;
            log.tensorboard = Some(events);
            let samples = folder.path().join(RunFolder::SAMPLES);
            log.texts = self.samples.is_some().then(|| TrackerTexts::new(&samples, !continues));
        }
        if self.trackers.has(Tracker::MlFlow) {
            log.mlflow = Some(self.start_mlflow(folder)?);
        }
        if step > 0 {
            let records = TrainingRecords::read(&folder.path().join(RunFolder::METRICS))?;
            log.log_earlier(&records, !continues)?;
        }
        Ok(Some(log))
    }

    /// Creates the event file, and says whether its folder has earlier ones of the run. One that does not continue others begins with the options.
    fn open_events(&self, step: u64) -> Result<(EventFile, bool)> {
        let folder = self.trackers.events(&self.output_dir);
        let fail = |e: std::io::Error| Error::Output { path: folder.clone(), reason: e.to_string() };
        let has_files = has_event_files(&folder).map_err(fail)?;
        let continues = has_files && step > 0;
        let mut events = EventFile::create(&folder, if continues { step + 1 } else { 0 }).map_err(fail)?;
        if continues {
            return Ok((events, has_files));
        }
        let parameters: BTreeMap<String, HyperParameter> =
            flat(&self.options).iter().map(|(name, value)| (name.clone(), HyperParameter::from(value))).collect();
        let metrics: Vec<String> = MAIN_METRICS.iter().map(|name| tag(name)).collect();
        let json = |value: &Value| {
            // Markdown shows indented lines as they are.
            let text = serde_json::to_string_pretty(value).unwrap_or_default();
            text.lines().map(|line| format!("    {line}\n")).collect::<String>()
        };
        let model = self.trainer.policy().config_json()?;
        let texts = [EventValue::text("args", &json(&self.options)), EventValue::text("model_config", &json(&model))];
        let written = events.write_hyper_parameters(&parameters, &metrics).and_then(|()| events.write(0, texts));
        written.map_err(fail)?;
        Ok((events, has_files))
    }

    /// Starts to send to MLflow. The run's identity is kept in the output folder, so that a run that is resumed is found again.
    fn start_mlflow(&self, folder: &RunFolder) -> Result<MlflowRun> {
        let settings = self.trackers.mlflow_settings()?;
        let path = folder.path().join(RunFolder::MLFLOW);
        let known: Option<Value> = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let known = known.filter(|known| {
            known["tracking_uri"] == settings.tracking_uri() && known["experiment"] == settings.experiment()
        });
        let known = known.as_ref().and_then(|known| known["identity"].as_str()).filter(|_| self.resumes);
        let known = known.filter(|identity| identity.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let identity = known.map_or_else(|| new_identity(folder.path()), str::to_owned);
        let record = json!({
            "tracking_uri": settings.tracking_uri(), "experiment": settings.experiment(), "identity": identity,
        });
        folder.write_file(RunFolder::MLFLOW, |file| writeln!(file, "{record:#}"))?;
        let mut parameters = match self.trainer.policy().config_json()? {
            Value::Object(config) => config,
            _ => Map::new(),
        };
        parameters.extend(flat(&self.options));
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let parameters =
            parameters.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), text(value)));
        let name = self.trackers.run_name.clone().unwrap_or_else(|| align_base::printable_path(&self.output_dir));
        let start = RunStart::now(identity, Some(name), parameters.collect());
        MlflowRun::start(settings, start).map_err(|e| Error::Output { path, reason: e.to_string() })
    }
}

/// A name that no other run has.
fn new_identity(folder: &Path) -> String {
    let host = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    let text =
        format!("{host} {} {now} {}", std::path::absolute(folder).unwrap_or_default().display(), std::process::id());
    blake3::hash(text.as_bytes()).to_hex().chars().take(32).collect()
}

/// Options without their groups and without those that are not set. Lists are texts with commas.
fn flat(options: &Value) -> Map<String, Value> {
    let mut all = Map::new();
    let mut groups = vec![options];
    while let Some(group) = groups.pop() {
        for (name, value) in group.as_object().into_iter().flatten() {
            match value {
                Value::Null => {}
                Value::Object(_) => groups.push(value),
                Value::Array(values) => {
                    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    let texts: Vec<String> = values.iter().map(text).collect();
                    all.insert(name.clone(), texts.join(", ").into());
                }
                value => drop(all.insert(name.clone(), value.clone())),
            }
        }
    }
    all
}
