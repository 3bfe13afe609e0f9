//! A real MLflow server, and what it shows.

use crate::python::python;
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A server on a port of 127.0.0.1, which is ended when it is dropped.
pub struct Server {
    process: Child,
    pub uri: String,
}

impl Server {
    pub fn start(folder: &Path, port: u16) -> Option<Self> {
        let mut command = python("mlflow")?;
        command.args(["-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", &port.to_string()]);
        let store = format!("sqlite:///{}/mlflow.db", folder.display());
        command.args(["--backend-store-uri", &store, "--artifacts-destination"]).arg(folder.join("artifacts"));
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
        command.current_dir(folder).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        // The server starts a process of its own, which ends with its group.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let server = Self { process: command.spawn().unwrap(), uri: format!("http://127.0.0.1:{port}") };
        let deadline = Instant::now() + Duration::from_secs(180);
        while TcpStream::connect(("127.0.0.1", port)).is_err() || server.get("/health").is_none() {
            let log = || std::fs::read_to_string(folder.join("log")).unwrap();
            assert!(Instant::now() < deadline, "the server does not start: {}", log());
            std::thread::sleep(Duration::from_millis(200));
        }
        Some(server)
    }

    fn agent() -> ureq::Agent {
        ureq::Agent::config_builder().proxy(None).timeout_global(Some(Duration::from_secs(20))).build().into()
    }

    fn get(&self, path: &str) -> Option<String> {
        Self::agent().get(format!("{}{path}", self.uri)).call().ok()?.body_mut().read_to_string().ok()
    }

    pub fn post(&self, endpoint: &str, body: &Value) -> Value {
        let url = format!("{}/api/2.0/mlflow/{endpoint}", self.uri);
        let request = Self::agent().post(url).header("Content-Type", "application/json").send(body.to_string());
        serde_json::from_str(&request.unwrap().body_mut().read_to_string().unwrap()).unwrap()
    }

    /// The run of the experiment "on dpo".
    pub fn run(&self) -> Value {
        let experiment = self.get("/api/2.0/mlflow/experiments/get-by-name?experiment_name=on%20dpo").unwrap();
        let experiment: Value = serde_json::from_str(&experiment).unwrap();
        let id = &experiment["experiment"]["experiment_id"];
        let runs = self.post("runs/search", &json!({ "experiment_ids": [id] }));
        assert!(runs["runs"].as_array().is_none_or(|runs| runs.len() == 1), "one run: {runs}");
        runs["runs"][0].clone()
    }

    /// The steps and values of a metric.
    pub fn history(&self, metric: &str) -> Vec<(u64, Value)> {
        let run = self.run();
        let Some(id) = run["info"]["run_id"].as_str() else { return Vec::new() };
        let path = format!("/api/2.0/mlflow/metrics/get-history?run_id={id}&metric_key={metric}&max_results=5000");
        let history: Value = serde_json::from_str(&self.get(&path).unwrap()).unwrap();
        let metrics = history["metrics"].as_array().into_iter().flatten();
        let mut points: Vec<(u64, Value)> =
            metrics.map(|point| (point["step"].as_u64().unwrap_or(0), point["value"].clone())).collect();
        points.sort_by_key(|(step, _)| *step);
        points
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A negative number is a group of processes.
        let group = format!("-{}", self.process.id());
        let _ = std::process::Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.process.wait();
    }
}
