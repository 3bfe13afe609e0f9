//! A run on the server: found or created, and its metrics.

use super::client::{Client, Failure};
use super::queue::Metric;
use super::run_start::{End, RunStart};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The tag with the identity of a run, by which it is found again.
const IDENTITY_TAG: &str = "align.run";

/// Most parameters of a request.
pub(super) const MAX_PARAMETERS: usize = 100;
/// Most metrics of a request.
pub(super) const MAX_METRICS: usize = 1000;

/// A run that exists on the server.
#[derive(Debug)]
pub(super) struct ServerRun {
    id: String,
    /// The last step of each metric that the server already had.
    known_steps: BTreeMap<String, u64>,
    /// The names of the parameters that it already had. Their values cannot be changed.
    known_parameters: BTreeSet<String>,
}

impl ServerRun {
    /// Finds the run with the identity of `start`, or creates it.
    pub fn open(client: &Client, start: &RunStart) -> Result<Self, Failure> {
        let experiment = experiment_id(client)?;
        let filter = format!("tags.`{IDENTITY_TAG}` = '{}'", start.identity);
        let query = json!({ "experiment_ids": [experiment], "filter": filter, "max_results": 1 });
        let found = client.post("runs/search", &query)?;
        if let Some(run) = found.pointer("/runs/0") {
            let id = text(run, "/info/run_id").ok_or_else(|| Failure::without("run_id"))?.to_owned();
            let known_steps = known_steps(run);
            let parameters = run.pointer("/data/params").and_then(Value::as_array);
            let names = parameters.into_iter().flatten().filter_map(|parameter| text(parameter, "/key"));
            let known_parameters = names.map(str::to_owned).collect();
            client.post("runs/update", &json!({ "run_id": id, "status": "RUNNING" }))?;
            return Ok(Self { id, known_steps, known_parameters });
        }
        let mut tags = vec![
            json!({ "key": IDENTITY_TAG, "value": start.identity }),
            json!({ "key": "mlflow.source.name", "value": "align" }),
        ];
        if let Some(user) = std::env::var("USER").ok().filter(|user| !user.is_empty()) {
            tags.push(json!({ "key": "mlflow.user", "value": user }));
        }
        let body = json!({
            "experiment_id": experiment, "run_name": start.run_name, "start_time": start.time_ms, "tags": tags,
        });
        let created = client.post("runs/create", &body)?;
        let id = text(&created, "/run/info/run_id").ok_or_else(|| Failure::without("run_id"))?.to_owned();
        Ok(Self { id, known_steps: BTreeMap::new(), known_parameters: BTreeSet::new() })
    }

    /// Whether the server had this metric of this step before the run was opened.
    pub fn has(&self, metric: &Metric) -> bool {
        self.known_steps.get(&metric.name).is_some_and(|last| metric.step <= *last)
    }

    /// Sends parameters, at most [`MAX_PARAMETERS`], and metrics, at most [`MAX_METRICS`] together.
    pub fn log_batch(
        &self,
        client: &Client,
        parameters: &[(String, String)],
        metrics: &[Metric],
    ) -> Result<(), Failure> {
        let new = parameters.iter().filter(|(key, _)| !self.known_parameters.contains(key));
        let parameters: Vec<Value> = new.map(|(key, value)| json!({ "key": key, "value": value })).collect();
        let metrics: Vec<Value> = metrics.iter().map(Metric::to_json).collect();
        client.post("runs/log-batch", &json!({ "run_id": self.id, "params": parameters, "metrics": metrics }))?;
        Ok(())
    }

    /// Says how the run ended.
    pub fn end(&self, client: &Client, end: End, time_ms: u64) -> Result<(), Failure> {
        let body = json!({ "run_id": self.id, "status": end.status(), "end_time": time_ms });
        client.post("runs/update", &body)?;
        Ok(())
    }
}

/// The id of the experiment, which is created if it does not exist.
fn experiment_id(client: &Client) -> Result<String, Failure> {
    let name = client.settings().experiment();
    let query = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let found = match client.get(&format!("experiments/get-by-name?experiment_name={query}")) {
        Err(failure) if failure.code == "RESOURCE_DOES_NOT_EXIST" => {
            match client.post("experiments/create", &json!({ "name": name })) {
                // Another run has just created it.
                Err(failure) if failure.code == "RESOURCE_ALREADY_EXISTS" => {
                    client.get(&format!("experiments/get-by-name?experiment_name={query}"))?
                }
                created => created?,
            }
        }
        found => found?,
    };
    let id = text(&found, "/experiment/experiment_id").or_else(|| text(&found, "/experiment_id"));
    id.map(str::to_owned).ok_or_else(|| Failure::without("experiment_id"))
}

/// The last step of each metric of a run.
fn known_steps(run: &Value) -> BTreeMap<String, u64> {
    let metrics = run.pointer("/data/metrics").and_then(Value::as_array);
    let step = |metric: &Value| {
        // A step is a number, or a text as other 64-bit integers of this interface.
        let step = metric.get("step");
        let step = step.and_then(|step| step.as_u64().or_else(|| step.as_str()?.parse().ok())).unwrap_or(0);
        Some((text(metric, "/key")?.to_owned(), step))
    };
    metrics.into_iter().flatten().filter_map(step).collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}
