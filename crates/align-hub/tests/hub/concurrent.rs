//! Concurrent downloads of the same model share the work.

use crate::download::{SHARDED_FILES, sharded};
use crate::support::{Client, Fault, FaultKind, Server, assert_holds};
use std::process::Command;
use std::thread;
use std::time::Duration;

#[test]
fn two_threads_download_each_file_once() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    // Long enough that the other thread reaches this file in the meantime.
    let etag = server.repo("user/big").etag("model-00001-of-00003.safetensors");
    server.fault(Fault::once("GET", &etag, FaultKind::StallAfter(1000, Duration::from_millis(300))));
    let snapshots = thread::scope(|scope| {
        let downloads: Vec<_> = (0..2).map(|_| scope.spawn(|| client.download("user/big").unwrap())).collect();
        downloads.into_iter().map(|download| download.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(snapshots[0], snapshots[1]);
    assert_holds(&snapshots[0], &server.repo("user/big"), &SHARDED_FILES);
    assert_each_sent_once(&server);
}

#[test]
fn two_processes_download_each_file_once() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let etag = server.repo("user/big").etag("model-00001-of-00003.safetensors");
    server.fault(Fault::once("GET", &etag, FaultKind::StallAfter(1000, Duration::from_millis(300))));
    let this_test = std::env::current_exe().unwrap();
    let start = || {
        Command::new(&this_test)
            .args(["--exact", "concurrent::another_process", "--ignored", "--nocapture"])
            .env("ALIGN_HUB_TEST_ENDPOINT", server.endpoint())
            .env("HF_HUB_CACHE", client.cache())
            .spawn()
            .unwrap()
    };
    let (mut first, mut second) = (start(), start());
    assert!(first.wait().unwrap().success());
    assert!(second.wait().unwrap().success());
    let snapshot = client.download("user/big").unwrap();
    assert_holds(&snapshot, &server.repo("user/big"), &SHARDED_FILES);
    assert_each_sent_once(&server);
}

#[test]
#[ignore = "run by two_processes_download_each_file_once"]
fn another_process() {
    let endpoint = std::env::var("ALIGN_HUB_TEST_ENDPOINT").unwrap();
    let mut config = align_hub::HubConfig::from_env().unwrap();
    config.endpoint = endpoint;
    config.token = None;
    align_hub::Hub::new(config).unwrap().download_model(&"user/big".parse().unwrap(), &mut |_| {}).unwrap();
}

fn assert_each_sent_once(server: &Server) {
    let repo = server.repo("user/big");
    let expected: usize = SHARDED_FILES.iter().map(|name| repo.content(name).len()).sum();
    assert_eq!(server.bytes_sent(), expected);
}
