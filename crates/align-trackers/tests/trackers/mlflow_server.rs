//! A real MLflow server shows the run.

use crate::python::python;
use align_trackers::mlflow::{End, MlflowRun, MlflowSettings, RunStart};
use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A server on a port of 127.0.0.1, which is ended when it is dropped.
struct Server {
    process: Child,
    uri: String,
}

impl Server {
    fn start(folder: &Path, port: u16) -> Option<Self> {
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

    fn post(&self, endpoint: &str, body: &Value) -> Value {
        let url = format!("{}/api/2.0/mlflow/{endpoint}", self.uri);
        let request = Self::agent().post(url).header("Content-Type", "application/json").send(body.to_string());
        serde_json::from_str(&request.unwrap().body_mut().read_to_string().unwrap()).unwrap()
    }

    /// The run of the test.
    fn run(&self) -> Value {
        let experiment = self.get("/api/2.0/mlflow/experiments/get-by-name?experiment_name=on%20dpo").unwrap();
        let experiment: Value = serde_json::from_str(&experiment).unwrap();
        let id = &experiment["experiment"]["experiment_id"];
        let runs = self.post("runs/search", &json!({ "experiment_ids": [id] }));
        assert!(runs["runs"].as_array().is_none_or(|runs| runs.len() == 1), "one run: {runs}");
        runs["runs"][0].clone()
    }

    /// The steps and values of a metric.
    fn history(&self, metric: &str) -> Vec<(u64, Value)> {
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

fn start(uri: &str) -> MlflowRun {
    let many = (0..150).map(|i| (format!("option_{i}"), i.to_string()));
    let parameters = many.chain([("loss_type".to_owned(), "hinge".to_owned())]).collect();
    let start = RunStart::now("the identity", Some("first run".to_owned()), parameters);
    MlflowRun::start(MlflowSettings::new(uri, "on dpo").unwrap(), start).unwrap()
}

#[test]
fn a_server_shows_the_run_with_each_step_once_across_a_restart_of_both() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // The server comes up after the run has begun.
    let run = start(&format!("http://127.0.0.1:{port}"));
    let loss = |step: u64| 0.7 / step as f64;
    for step in 1..=700 {
        run.log(step, [("loss", loss(step)), ("rewards/margins (β)", step as f64)]);
    }
    let Some(server) = Server::start(folder.path(), port) else {
        assert!(run.finish(End::Failed).is_some());
        return;
    };
    std::thread::sleep(Duration::from_millis(100));
    run.log(700, [("eval_loss", f64::INFINITY)]);
    assert_eq!(wait_for(run, &server, 700), None);
    let found = server.run();
    assert_eq!((&found["info"]["run_name"], &found["info"]["status"]), (&json!("first run"), &json!("KILLED")));
    let parameters = found["data"]["params"].as_array().unwrap();
    assert_eq!(parameters.len(), 151);
    assert!(parameters.contains(&json!({ "key": "loss_type", "value": "hinge" })));

    // The run is resumed from step 400, and sends what it has from the beginning.
    let run = start(&server.uri);
    for step in 1..=1200 {
        run.log(step, [("loss", loss(step)), ("rewards/margins (β)", step as f64)]);
    }
    run.log(1200, [("eval_loss", 0.5)]);
    assert_eq!(run.finish(End::Finished), None);
    assert_eq!(server.run()["info"]["status"], "FINISHED");
    let expected: Vec<(u64, Value)> = (1..=1200).map(|step| (step, json!(loss(step)))).collect();
    assert_eq!(server.history("loss"), expected);
    let margins: Vec<u64> = server.history("rewards/margins%20___").iter().map(|(step, _)| *step).collect();
    assert_eq!(margins, (1..=1200).collect::<Vec<_>>());
    assert_eq!(server.history("eval_loss").len(), 2);
}

/// Waits until the run has sent this step, and stops it.
fn wait_for(run: MlflowRun, server: &Server, step: u64) -> Option<align_trackers::mlflow::NotSent> {
    let deadline = Instant::now() + Duration::from_secs(90);
    let query = json!({ "filter": "name = 'on dpo'", "max_results": 5 });
    let exists =
        || server.post("experiments/search", &query)["experiments"].as_array().is_some_and(|all| !all.is_empty());
    while !exists() || server.history("loss").last().is_none_or(|(last, _)| *last < step) {
        assert!(Instant::now() < deadline, "the metrics do not arrive");
        std::thread::sleep(Duration::from_millis(300));
    }
    run.finish(End::Stopped)
}
