//! Runs on MLflow servers.

use crate::mlflow_server::Server;
use crate::{dpo, finish};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

fn tracked(dir: &Path, uri: &str, steps: u64) -> Command {
    let mut command = dpo(dir, "run", steps, "--report-to mlflow --run-name first");
    command.env("MLFLOW_TRACKING_URI", uri).env("MLFLOW_EXPERIMENT_NAME", "on dpo");
    command
}

/// The steps of a metric in the metrics file, with its values.
fn logged(run: &Path, name: &str) -> Vec<(u64, Value)> {
    let text = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .filter(|line| line.get(name).is_some())
        .map(|line| (line["step"].as_u64().unwrap(), line[name].clone()))
        .collect()
}

#[test]
fn a_server_that_is_down_gives_one_warning_and_a_count_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let uri = format!("http://127.0.0.1:{port}");
    let message = finish(tracked(dir.path(), &uri, 8));
    assert_eq!(message.matches("The run goes on").count(), 1, "{message}");
    assert_eq!(message.matches("did not get").count(), 1, "{message}");
    assert!(dir.path().join("run/model/model.safetensors").exists());
}

#[test]
fn an_mlflow_server_shows_the_run_once_after_a_kill_and_a_resume() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(server) = Server::start(folder.path(), port) else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut child = tracked(dir, &server.uri, 60).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !dir.join("run/checkpoint-12").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.join("run/model").exists());
    let message = finish(tracked(dir, &server.uri, 60));
    assert!(!message.contains("MLflow"), "{message}");
    let run = server.run();
    assert_eq!((&run["info"]["run_name"], &run["info"]["status"]), (&json!("first"), &json!("FINISHED")));
    let parameters = run["data"]["params"].as_array().unwrap();
    for expected in [("learning_rate", "0.001"), ("beta", "0.1"), ("model_type", "gpt2"), ("loss_type", "sigmoid")] {
        let (name, value) = expected;
        assert!(parameters.contains(&json!({ "key": name, "value": value })), "{name}: {parameters:?}");
    }
    for name in ["loss", "rewards/margins", "learning_rate", "eval_loss"] {
        assert_eq!(server.history(name), logged(&dir.join("run"), name), "{name}");
    }
}
