//! Temporary and permanent server errors.

use crate::support::{Client, Fault, FaultKind, Repo, Response, Server, assert_holds, noise};
use align_hub::Event;
use std::time::{Duration, Instant};

const FILES: [&str; 2] = ["config.json", "model.safetensors"];

fn server() -> Server {
    Server::new([Repo::of("user/name", [("config.json", b"{}".to_vec()), ("model.safetensors", noise(100_000, 1))])])
}

fn service_unavailable() -> FaultKind {
    FaultKind::Response(Response::error(503, "", "Service Unavailable"))
}

#[test]
fn temporary_errors_are_retried_at_every_step() {
    let etag = server().repo("user/name").etag("model.safetensors");
    for (method, path_part) in
        [("GET", "/api/models/"), ("HEAD", "config.json"), ("GET", "config.json"), ("GET", etag.as_str())]
    {
        for kind in [
            service_unavailable(),
            FaultKind::Close,
            FaultKind::Response(Response::new(500, "")),
            FaultKind::Response(Response::new(504, "")),
        ] {
            let server = server();
            let client = Client::new(&server);
            server.fault(Fault::once(method, path_part, kind).times(2));
            assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &FILES);
            assert!(server.requests_to(method, path_part).len() >= 2);
        }
    }
}

#[test]
fn a_permanent_error_reports_the_number_of_attempts() {
    let server = server();
    let client = Client::new(&server);
    server.fault(Fault::once("GET", "/api/models/", service_unavailable()).always());
    let error = client.download_error("user/name");
    let url = format!("{}/api/models/user/name/revision/main returned status 503 3 times", server.endpoint());
    assert!(error.contains(&url) && error.contains("try again later"), "{error}");
    assert!(error.ends_with("(Service Unavailable)"), "{error}");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_rate_limit_delay_is_respected() {
    let server = server();
    let client = Client::new(&server);
    let wait = Response::error(429, "", "slow down").header("retry-after", "1");
    server.fault(Fault::once("HEAD", "config.json", FaultKind::Response(wait)));
    let start = Instant::now();
    client.download("user/name").unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_too_long_rate_limit_delay_is_an_error() {
    let server = server();
    let client = Client::new(&server);
    let wait = Response::error(429, "", "slow down").header("retry-after", "86400");
    server.fault(Fault::once("GET", "/api/models/", FaultKind::Response(wait)).always());
    let error = client.download_error("user/name");
    assert!(error.contains("reports too many requests and requests a delay of 86400 s: try again later"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_unresponsive_server_times_out() {
    let server = server();
    let client = Client::new(&server).with(|config| config.etag_timeout = Duration::from_millis(150));
    server.fault(Fault::once("HEAD", "config.json", FaultKind::Stall(Duration::from_secs(2))).always());
    let start = Instant::now();
    let error = client.download_error("user/name");
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    assert!(error.contains("timed out") && error.contains("HF_HUB_ETAG_TIMEOUT"), "{error}");
}

#[test]
fn an_expired_url_is_requested_again() {
    let server = server();
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("GET", &etag, FaultKind::CutAfter(50_000)));
    server.fault(Fault::second("GET", &etag, FaultKind::Response(Response::new(403, "<Error>expired</Error>"))));
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &FILES);
    assert_eq!(server.requests_to("GET", "resolve/").iter().filter(|seen| seen.status == 302).count(), 3);
    server.fault(Fault::once("GET", &etag, FaultKind::Response(Response::new(403, "<Error>expired</Error>"))).always());
    let error = Client::new(&server).download_error("user/name");
    assert!(error.contains("returned status 403 3 times") && !error.contains("signature"), "{error}");
}

#[test]
fn retries_are_reported_as_events() {
    let server = server();
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("GET", &etag, service_unavailable()).times(2));
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
