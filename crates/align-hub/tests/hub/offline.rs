//! Offline use of the cache, and its errors.

use crate::download::{SHARDED_FILES, sharded};
use crate::support::{Client, Fault, FaultKind, Repo, Response, Server, assert_holds, noise};
use align_hub::{Hub, ModelName};
use std::fs;
use std::time::Duration;

fn name(text: &str) -> ModelName {
    text.parse().unwrap()
}

fn offline_error(hub: &Hub, model: &str) -> String {
    hub.download_model(&name(model), &mut |_| {}).unwrap_err().to_string()
}

#[test]
fn offline_uses_the_cache() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let online = client.download("user/big").unwrap();
    server.clear_requests();
    let offline = client.offline().download_model(&name("user/big"), &mut |_| {}).unwrap();
    assert_eq!(offline, online);
    let by_commit = client.offline().download_model(&name(&format!("user/big@{}", online.commit)), &mut |_| {});
    assert_eq!(by_commit.unwrap(), online);
    assert!(server.requests().is_empty(), "offline means that nothing is asked");
}

#[test]
fn offline_without_the_model_is_an_error() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    client.download("user/big").unwrap();
    for missing in ["user/other", "user/big@v2", &format!("user/big@{}", "0".repeat(40))] {
        let error = offline_error(&client.offline(), missing);
        assert!(error.contains(&format!("`{missing}` is not in the cache {}", client.cache().display())), "{error}");
        assert!(error.contains("HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: unset it and run once"), "{error}");
    }
}

#[test]
fn offline_with_a_partial_model_names_the_missing_file() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    client.hub().download_files(&name("user/big"), &["config.json"], &mut |_| {}).unwrap();
    let error = offline_error(&client.offline(), "user/big");
    assert!(
        error.contains("only partially in the cache") && error.contains("lacks weights (model.safetensors"),
        "{error}"
    );
    let snapshot = client.download("user/big").unwrap();
    fs::remove_file(snapshot.folder.join("model-00002-of-00003.safetensors")).unwrap();
    let error = offline_error(&client.offline(), "user/big");
    assert!(error.contains("lacks model-00002-of-00003.safetensors, and HF_HUB_OFFLINE"), "{error}");
    fs::remove_file(snapshot.folder.join("config.json")).unwrap();
    let error = offline_error(&client.offline(), "user/big");
    assert!(error.contains("lacks config.json"), "{error}");
    let error =
        client.offline().download_files(&name("user/big"), &["README.md"], &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("lacks README.md"), "{error}");
}

#[test]
fn an_outage_falls_back_to_the_cache() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let snapshot = client.download("user/big").unwrap();
    for (kind, times) in [
        (FaultKind::Response(Response::error(503, "", "down for maintenance")), 3),
        (FaultKind::Response(Response::error(429, "", "slow down")), 3),
        (FaultKind::CutAfter(10), 3),
    ] {
        server.fault(Fault::once("GET", "/api/models/", kind).times(times));
        assert_eq!(client.download("user/big").unwrap(), snapshot);
    }
    let client = client.with(|config| config.etag_timeout = Duration::from_millis(100));
    server.fault(Fault::once("GET", "/api/models/", FaultKind::Stall(Duration::from_millis(400))).times(3));
    assert_eq!(client.download("user/big").unwrap(), snapshot);
    let gone = client.with(|config| config.endpoint = "http://127.0.0.1:1".to_owned());
    assert_eq!(gone.download("user/big").unwrap(), snapshot);
    assert_holds(&snapshot, &server.repo("user/big"), &SHARDED_FILES);
}

#[test]
fn a_rejected_request_does_not_fall_back_to_the_cache() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    client.download("user/big").unwrap();
    server.change("user/big", |repo| repo.private = true);
    assert!(client.download_error("user/big").contains("has no model `user/big`, or it is private"));
}

#[test]
fn a_complete_read_only_cache_is_enough() {
    let server =
        Server::new([Repo::of("user/name", [("config.json", b"{}".to_vec()), ("model.safetensors", noise(100, 1))])]);
    let client = Client::new(&server);
    let snapshot = client.download("user/name").unwrap();
    // Works like a read-only cache, also for root: the reference cannot be written.
    let reference = client.repo("user/name").join("refs/main");
    fs::remove_file(&reference).unwrap();
    fs::create_dir_all(reference.join("x")).unwrap();
    assert_eq!(client.download("user/name").unwrap(), snapshot);
}
