//! Servers that have a bad moment, and servers that have a bad day.

use crate::support::{Client, Fault, Reply, Repo, Server, What, assert_holds, noise};
use align_hub::Event;
use std::time::{Duration, Instant};

const NAMES: [&str; 2] = ["config.json", "model.safetensors"];

fn server() -> Server {
    Server::new([Repo::of("user/name", [("config.json", b"{}".to_vec()), ("model.safetensors", noise(100_000, 1))])])
}

fn down() -> What {
    What::Answer(Reply::error(503, "", "Service Unavailable"))
}

#[test]
fn a_bad_moment_passes_at_every_step() {
    let etag = server().repo("user/name").etag("model.safetensors");
    for (method, path_part) in
        [("GET", "/api/models/"), ("HEAD", "config.json"), ("GET", "config.json"), ("GET", etag.as_str())]
    {
        for what in [down(), What::Close, What::Answer(Reply::new(500, "")), What::Answer(Reply::new(504, ""))] {
            let server = server();
            let client = Client::new(&server);
            server.fault(Fault::once(method, path_part, what).times(2));
            assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &NAMES);
            assert!(server.seen_of(method, path_part).len() >= 2);
        }
    }
}

#[test]
fn a_bad_day_is_told_with_how_often_it_was_tried() {
    let server = server();
    let client = Client::new(&server);
    server.fault(Fault::once("GET", "/api/models/", down()).always());
    let error = client.refusal("user/name");
    let url = format!("{}/api/models/user/name/revision/main answered 503 3 times", server.endpoint());
    assert!(error.contains(&url) && error.contains("try again later"), "{error}");
    assert!(error.ends_with("(Service Unavailable)"), "{error}");
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn too_many_requests_waits_as_long_as_asked() {
    let server = server();
    let client = Client::new(&server);
    let wait = Reply::error(429, "", "slow down").header("retry-after", "1");
    server.fault(Fault::once("HEAD", "config.json", What::Answer(wait)));
    let start = Instant::now();
    client.download("user/name").unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn too_long_a_wait_is_told_instead() {
    let server = server();
    let client = Client::new(&server);
    let wait = Reply::error(429, "", "slow down").header("retry-after", "86400");
    server.fault(Fault::once("GET", "/api/models/", What::Answer(wait)).always());
    let error = client.refusal("user/name");
    assert!(error.contains("there are too many requests and asks to wait 86400 s: try again later"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_server_that_never_answers_is_given_up_in_time() {
    let server = server();
    let client = Client::new(&server).with(|config| config.etag_timeout = Duration::from_millis(150));
    server.fault(Fault::once("HEAD", "config.json", What::Stall(Duration::from_secs(2))).always());
    let start = Instant::now();
    let error = client.refusal("user/name");
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    assert!(error.contains("no answer in time") && error.contains("HF_HUB_ETAG_TIMEOUT"), "{error}");
}

#[test]
fn an_address_that_has_run_out_is_asked_for_again() {
    let server = server();
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("GET", &etag, What::CutAfter(50_000)));
    server.fault(Fault::second("GET", &etag, What::Answer(Reply::new(403, "<Error>expired</Error>"))));
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &NAMES);
    assert_eq!(server.seen_of("GET", "resolve/").iter().filter(|seen| seen.status == 302).count(), 3);
    server.fault(Fault::once("GET", &etag, What::Answer(Reply::new(403, "<Error>expired</Error>"))).always());
    let error = Client::new(&server).refusal("user/name");
    assert!(error.contains("answered 403 3 times") && !error.contains("signature"), "{error}");
}

#[test]
fn a_retry_is_told_to_whoever_watches() {
    let server = server();
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("GET", &etag, down()).times(2));
    let mut retries = Vec::new();
    let mut watch = |event: Event<'_>| {
        if let Event::Retry { file, attempt, reason, .. } = event {
            assert!(file == "model.safetensors" && reason.contains("503"), "{file} {reason}");
            retries.push(attempt);
        }
    };
    client.hub().download_model(&"user/name".parse().unwrap(), &mut watch).unwrap();
    assert_eq!(retries, [1, 2]);
}
