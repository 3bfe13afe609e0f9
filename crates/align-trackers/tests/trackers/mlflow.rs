//! A real MLflow server shows the run.

use crate::mlflow_server::Server;
use align_trackers::mlflow::{End, MlflowRun, MlflowSettings, NotSent, RunStart};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::{Duration, Instant};

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
fn wait_for(run: MlflowRun, server: &Server, step: u64) -> Option<NotSent> {
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
