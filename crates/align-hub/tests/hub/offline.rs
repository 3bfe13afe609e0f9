//! What works without a network, and what it says where it does not.

use crate::download::{SHARDED, sharded};
use crate::support::{Client, Fault, Reply, Repo, Server, What, assert_holds, noise};
use align_hub::{Hub, ModelName};
use std::fs;
use std::time::Duration;

fn name(text: &str) -> ModelName {
    text.parse().unwrap()
}

fn offline_refusal(hub: &Hub, model: &str) -> String {
    hub.download_model(&name(model), &mut |_| {}).unwrap_err().to_string()
}

#[test]
fn offline_the_cache_is_enough() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let online = client.download("user/big").unwrap();
    server.forget();
    let offline = client.offline().download_model(&name("user/big"), &mut |_| {}).unwrap();
    assert_eq!(offline, online);
    let by_commit = client.offline().download_model(&name(&format!("user/big@{}", online.commit)), &mut |_| {});
    assert_eq!(by_commit.unwrap(), online);
    assert!(server.seen().is_empty(), "offline means that nothing is asked");
}

#[test]
fn offline_without_the_model_says_what_to_do() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    client.download("user/big").unwrap();
    for missing in ["user/other", "user/big@v2", &format!("user/big@{}", "0".repeat(40))] {
        let error = offline_refusal(&client.offline(), missing);
        assert!(error.contains(&format!("`{missing}` is not in the cache {}", client.cache().display())), "{error}");
        assert!(error.contains("HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: unset it and run once"), "{error}");
    }
}

#[test]
fn offline_with_a_part_of_the_model_names_what_is_missing() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    client.hub().download_files(&name("user/big"), &["config.json"], &mut |_| {}).unwrap();
    let error = offline_refusal(&client.offline(), "user/big");
    assert!(
        error.contains("only partly in the cache") && error.contains("lacks weights (model.safetensors"),
        "{error}"
    );
    let snapshot = client.download("user/big").unwrap();
    fs::remove_file(snapshot.folder.join("model-00002-of-00003.safetensors")).unwrap();
    let error = offline_refusal(&client.offline(), "user/big");
    assert!(error.contains("lacks model-00002-of-00003.safetensors, and HF_HUB_OFFLINE"), "{error}");
    fs::remove_file(snapshot.folder.join("config.json")).unwrap();
    let error = offline_refusal(&client.offline(), "user/big");
    assert!(error.contains("lacks config.json"), "{error}");
    let error =
        client.offline().download_files(&name("user/big"), &["README.md"], &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("lacks README.md"), "{error}");
}

#[test]
fn where_the_hub_does_not_answer_the_cache_does() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let snapshot = client.download("user/big").unwrap();
    for (what, times) in [
        (What::Answer(Reply::error(503, "", "down for maintenance")), 3),
        (What::Answer(Reply::error(429, "", "slow down")), 3),
        (What::CutAfter(10), 3),
    ] {
        server.fault(Fault::once("GET", "/api/models/", what).times(times));
        assert_eq!(client.download("user/big").unwrap(), snapshot);
    }
    let client = client.with(|config| config.etag_timeout = Duration::from_millis(100));
    server.fault(Fault::once("GET", "/api/models/", What::Stall(Duration::from_millis(400))).times(3));
    assert_eq!(client.download("user/big").unwrap(), snapshot);
    let gone = client.with(|config| config.endpoint = "http://127.0.0.1:1".to_owned());
    assert_eq!(gone.download("user/big").unwrap(), snapshot);
    assert_holds(&snapshot, &server.repo("user/big"), &SHARDED);
}

#[test]
fn where_the_hub_says_no_the_cache_does_not_say_yes() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    client.download("user/big").unwrap();
    server.change("user/big", |repo| repo.private = true);
    assert!(client.refusal("user/big").contains("has no model `user/big`, or it is private"));
}

#[test]
fn a_read_only_cache_that_has_it_all_will_do() {
    let server =
        Server::new([Repo::of("user/name", [("config.json", b"{}".to_vec()), ("model.safetensors", noise(100, 1))])]);
    let client = Client::new(&server);
    let snapshot = client.download("user/name").unwrap();
    // As good as read-only: the reference cannot be written, for root neither.
    let reference = client.repo("user/name").join("refs/main");
    fs::remove_file(&reference).unwrap();
    fs::create_dir_all(reference.join("x")).unwrap();
    assert_eq!(client.download("user/name").unwrap(), snapshot);
}
