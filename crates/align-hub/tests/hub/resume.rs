//! Interrupted downloads are resumed.

use crate::support::{Client, Fault, FaultKind, Repo, Response, ServedRequest, Server, assert_holds, noise};
use align_hub::Event;
use std::fs;
use std::time::Duration;

const WEIGHTS: usize = 300_000;
const FILES: [&str; 3] = ["config.json", "model.safetensors", "vocab.json"];

fn repo() -> Repo {
    Repo::of(
        "user/name",
        [("config.json", b"{}".to_vec()), ("vocab.json", noise(50_000, 2)), ("model.safetensors", noise(WEIGHTS, 1))],
    )
}

fn ranges(seen: &[ServedRequest]) -> Vec<Option<String>> {
    seen.iter().map(|seen| seen.request.header("range").map(str::to_owned)).collect()
}

#[test]
fn an_interrupted_download_requests_only_the_missing_bytes() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("GET", &etag, FaultKind::CutAfter(WEIGHTS / 2)));
    let snapshot = client.download("user/name").unwrap();
    assert_holds(&snapshot, &server.repo("user/name"), &FILES);
    let seen = server.requests_to("GET", &etag);
    assert_eq!(ranges(&seen), [None, Some(format!("bytes={}-", WEIGHTS / 2))]);
    assert_eq!(seen.iter().map(|seen| seen.sent).sum::<usize>(), WEIGHTS, "no byte twice");
    assert!(!client.partial("user/name", &etag).exists());
}

#[test]
fn a_regular_file_is_resumed() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    server.fault(Fault::once("GET", "vocab.json", FaultKind::CutAfter(20_000)));
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &FILES);
    assert_eq!(ranges(&server.requests_to("GET", "vocab.json")), [None, Some("bytes=20000-".to_owned())]);
}

#[test]
fn the_partial_file_of_a_killed_process_is_resumed() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    let partial = client.partial("user/name", &etag);
    fs::create_dir_all(partial.parent().unwrap()).unwrap();
    fs::write(&partial, &server.repo("user/name").content("model.safetensors")[..100_000]).unwrap();
    let mut begun = Vec::new();
    let mut watch = |event: Event<'_>| {
        if let Event::Begin { file, done, .. } = event {
            begun.push((file.to_owned(), done));
        }
    };
    let snapshot = client.hub().download_model(&"user/name".parse().unwrap(), &mut watch).unwrap();
    assert_holds(&snapshot, &server.repo("user/name"), &FILES);
    assert_eq!(ranges(&server.requests_to("GET", &etag)), [Some("bytes=100000-".to_owned())]);
    assert!(begun.contains(&("model.safetensors".to_owned(), 100_000)), "{begun:?}");
}

#[test]
fn a_complete_partial_file_needs_no_request() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    let partial = client.partial("user/name", &etag);
    fs::create_dir_all(partial.parent().unwrap()).unwrap();
    fs::write(&partial, server.repo("user/name").content("model.safetensors")).unwrap();
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &FILES);
    assert!(server.requests_to("GET", &etag).is_empty());
}

#[test]
fn a_damaged_or_too_long_partial_file_is_downloaded_again() {
    for left in [noise(100_000, 77), noise(WEIGHTS + 1, 77), noise(WEIGHTS, 77)] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        let etag = server.repo("user/name").etag("model.safetensors");
        let partial = client.partial("user/name", &etag);
        fs::create_dir_all(partial.parent().unwrap()).unwrap();
        fs::write(&partial, &left).unwrap();
        assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &FILES);
        assert_eq!(ranges(&server.requests_to("GET", &etag)).last().unwrap(), &None);
    }
}

#[test]
fn a_server_that_ignores_the_range_is_read_from_its_start() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("GET", &etag, FaultKind::CutAfter(100_000)));
    server.fault(Fault::once("GET", &etag, FaultKind::IgnoreRange).times(2));
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &FILES);
    let seen = server.requests_to("GET", &etag);
    assert_eq!(ranges(&seen), [None, Some("bytes=100000-".to_owned())]);
    assert_eq!(seen.iter().map(|seen| seen.status).collect::<Vec<_>>(), [200, 200]);
}

#[test]
fn a_range_that_the_server_does_not_know_starts_it_anew() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("GET", &etag, FaultKind::CutAfter(100_000)));
    server.fault(Fault::second("GET", &etag, FaultKind::Response(Response::new(416, ""))));
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &FILES);
    assert_eq!(ranges(&server.requests_to("GET", &etag)), [None, Some("bytes=100000-".to_owned()), None]);
}

#[test]
fn cut_again_and_again_it_gets_there_as_long_as_it_gets_further() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    // Far more often than the maximum number of attempts without progress.
    server.fault(Fault::once("GET", &etag, FaultKind::CutAfter(30_000)).times(9));
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &FILES);
    let seen = server.requests_to("GET", &etag);
    assert_eq!(seen.len(), 10);
    assert_eq!(seen.iter().map(|seen| seen.sent).sum::<usize>(), WEIGHTS);
}

#[test]
fn a_server_without_range_support_that_always_disconnects_is_an_error() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("GET", &etag, FaultKind::CutAfter(100_000)).always());
    server.fault(Fault::once("GET", &etag, FaultKind::IgnoreRange).always());
    let error = client.download_error("user/name");
    assert!(error.contains("cannot reach") && error.contains("the partial download is kept"), "{error}");
    assert!(server.requests_to("GET", &etag).len() <= 4);
    assert_eq!(fs::metadata(client.partial("user/name", &etag)).unwrap().len(), 100_000);
}

#[test]
fn a_stalled_response_is_resumed() {
    let server = Server::new([repo()]);
    let client = Client::new(&server).with(|config| config.download_timeout = Duration::from_millis(300));
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("GET", &etag, FaultKind::StallAfter(150_000, Duration::from_secs(3))));
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &FILES);
    assert_eq!(ranges(&server.requests_to("GET", &etag)), [None, Some("bytes=150000-".to_owned())]);
}

#[test]
fn a_server_that_sends_single_bytes_times_out() {
    for (path_part, file_timeout) in [("model.safetensors", true), ("/api/models/", false)] {
        let server = Server::new([repo()]);
        let client = Client::new(&server).with(|config| match file_timeout {
            true => config.download_timeout = Duration::from_millis(200),
            false => config.etag_timeout = Duration::from_millis(200),
        });
        let etag = server.repo("user/name").etag("model.safetensors");
        let path_part = if file_timeout { etag.as_str() } else { path_part };
        server.fault(Fault::once("GET", path_part, FaultKind::Drip(Duration::from_millis(20))).always());
        let started = std::time::Instant::now();
        let error = client.download_error("user/name");
        assert!(error.contains("bytes in 0.2") && error.contains("too slow or broken"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
}

#[test]
fn a_response_with_a_wrong_range_is_rejected() {
    for (range, wrong) in [
        (format!("bytes 5-{}/{WEIGHTS}", WEIGHTS - 1), "expected the bytes from 100000, found the range \"bytes 5-"),
        ("nonsense".to_owned(), "found the range \"nonsense\""),
        (format!("bytes 100000-{WEIGHTS}/{}", WEIGHTS + 1), "it is 300001 bytes long, expected 300000 bytes"),
    ] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        let etag = server.repo("user/name").etag("model.safetensors");
        server.fault(Fault::once("GET", &etag, FaultKind::CutAfter(100_000)));
        server.fault(Fault::second("GET", &etag, FaultKind::Header("content-range", range)));
        let error = client.download_error("user/name");
        assert!(error.contains(wrong), "{error}");
    }
}
