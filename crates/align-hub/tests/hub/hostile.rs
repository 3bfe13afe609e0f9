//! Responses of a malicious server are rejected, and nothing outside the cache is written.

use crate::support::{Client, Fault, FaultKind, Repo, Response, Server, TOKEN, assert_holds, names_in, noise};
use serde_json::json;

fn repo() -> Repo {
    Repo::of("user/name", [("config.json", b"{}".to_vec()), ("model.safetensors", noise(1000, 1))])
}

/// Asserts that nothing was written outside the cache or into its snapshots.
fn assert_nothing_written(client: &Client) {
    let written = names_in(client.folder());
    assert!(written.iter().all(|name| name.starts_with("hub/")), "{written:?}");
    assert!(!written.iter().any(|name| name.contains("snapshots")), "{written:?}");
}

#[test]
fn etags_outside_the_cache_are_rejected() {
    for etag in ["\"../../x\"", "\"..\"", "\"/etc/cron.d/x\"", "\"\"", "\"a.incomplete\""] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        server.fault(Fault::once("HEAD", "config.json", FaultKind::Header("etag", etag.to_owned())));
        let error = client.download_error("user/name");
        assert!(error.contains("is not safe as a file name"), "{error}");
        assert_nothing_written(&client);
    }
}

#[test]
fn shards_outside_the_repository_are_rejected() {
    for (shard, wrong) in [
        ("../../evil", "which is not a plain file name"),
        ("/etc/passwd", "which is not a plain file name"),
        ("sub/shard.safetensors", "which is not a plain file name"),
        ("not-there.safetensors", "which the repository does not have"),
    ] {
        let index = json!({ "weight_map": { "a": shard } }).to_string().into_bytes();
        let server = Server::new([Repo::of(
            "user/name",
            [
                ("config.json", b"{}".to_vec()),
                ("model.safetensors.index.json", index),
                ("../../evil", b"evil".to_vec()),
            ],
        )]);
        let client = Client::new(&server);
        let error = client.download_error("user/name");
        let expected = "`model.safetensors.index.json` of `user/name` is not a valid weight index";
        assert!(error.contains(expected) && error.contains(wrong), "{error}");
        assert!(!names_in(client.folder()).iter().any(|name| name.contains("evil")));
    }
}

#[test]
fn listed_names_outside_the_cache_are_ignored() {
    let mut repo = repo();
    repo.commit("main", [("../../../evil", b"evil".to_vec()), ("/tmp/evil", b"evil".to_vec())]);
    let server = Server::new([repo]);
    let client = Client::new(&server);
    let snapshot = client.download("user/name").unwrap();
    assert_holds(&snapshot, &server.repo("user/name"), &["config.json", "model.safetensors"]);
    let model = "user/name".parse().unwrap();
    for name in ["../../../evil", "/tmp/evil"] {
        let error = client.hub().download_files(&model, &[name], &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("is not a valid file name in a repository"), "{error}");
    }
    assert!(!names_in(client.folder()).iter().any(|name| name.contains("evil")));
}

#[test]
fn endless_and_invalid_listings_are_rejected() {
    let long = format!("{{\"sha\":\"{}\"}}", "0".repeat(17 << 20)).into_bytes();
    let deep = format!("{{\"gated\":{}", "[".repeat(100_000)).into_bytes();
    for (body, wrong) in [
        (long, "it sends more than 16777216 bytes"),
        (deep, "unexpected JSON"),
        (b"<html>Log in to the hotel's network</html>".to_vec(), "unexpected JSON"),
        (br#"{"sha":"../../../evil","siblings":[]}"#.to_vec(), "it contains no commit hash of 40 hexadecimal digits"),
        (br#"{"siblings":[]}"#.to_vec(), "it contains no commit hash"),
    ] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        server.fault(Fault::once("GET", "/api/models/", FaultKind::Response(Response::new(200, body))));
        let error = client.download_error("user/name");
        assert!(error.contains(wrong) && error.contains("check that HF_ENDPOINT is a hub"), "{error}");
        assert_nothing_written(&client);
    }
}

#[test]
fn endless_and_invalid_redirects_are_rejected() {
    for (location, wrong) in [
        ("/user/name/resolve/main/config.json", "redirects more than 10 times"),
        ("file:///etc/passwd", "it redirects to an invalid URL"),
        ("", "it redirects to an invalid URL"),
    ] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        let mut response = Response::new(307, "");
        if !location.is_empty() {
            response = response.header("location", location);
        }
        server.fault(Fault::once("HEAD", "config.json", FaultKind::Response(response)).always());
        let error = client.download_error("user/name");
        assert!(error.contains(wrong), "{error}");
        assert!(server.requests_to("HEAD", "config.json").len() <= 11);
    }
}

#[test]
fn metadata_with_a_wrong_or_missing_commit_is_rejected() {
    for (header, value, wrong) in [
        ("x-repo-commit", "f".repeat(40), "it belongs to commit \"ffff"),
        ("x-repo-commit", String::new(), "it has no X-Repo-Commit header"),
        ("etag", String::new(), "it has no ETag header"),
    ] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        server.fault(Fault::once("HEAD", "config.json", FaultKind::Header(header, value)));
        let error = client.download_error("user/name");
        assert!(error.contains(wrong), "{error}");
        assert_nothing_written(&client);
    }
}

#[test]
fn a_file_without_size_and_checksum_is_rejected() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    server.fault(Fault::once("HEAD", "config.json", FaultKind::Header("etag", "\"opaque\"".to_owned())));
    server.fault(Fault::once("HEAD", "config.json", FaultKind::Header("transfer-encoding", "chunked".to_owned())));
    let error = client.download_error("user/name");
    assert!(error.contains("it gives neither a size nor a checksum"), "{error}");
}

#[test]
fn an_opaque_etag_with_a_size_is_accepted() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    server.fault(Fault::once("HEAD", "config.json", FaultKind::Header("etag", "\"opaque-1\"".to_owned())));
    let snapshot = client.download("user/name").unwrap();
    assert_holds(&snapshot, &server.repo("user/name"), &["config.json", "model.safetensors"]);
    assert!(client.repo("user/name").join("blobs/opaque-1").exists());
}

#[test]
fn a_declared_size_is_not_allocated() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    server
        .fault(Fault::once("GET", "/api/models/", FaultKind::Header("content-length", u64::MAX.to_string())).always());
    let client = client.with(|config| config.etag_timeout = std::time::Duration::from_millis(200));
    let error = client.download_error("user/name");
    assert!(error.contains("cannot reach") || error.contains("sent an invalid response"), "{error}");
}

#[test]
fn an_unrequested_compression_is_rejected() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    server.fault(Fault::once("GET", "config.json", FaultKind::Header("content-encoding", "gzip".to_owned())));
    let error = client.download_error("user/name");
    assert!(error.contains("it compresses the file despite `accept-encoding: identity`"), "{error}");
}

#[test]
fn quoted_responses_are_short_and_without_the_token() {
    let endless = format!("../{TOKEN} {}", "x".repeat(20_000));
    let listing = serde_json::json!({ "siblings": format!("{endless}\u{9b}") }).to_string();
    for (method, path_part, kind) in [
        ("HEAD", "config.json", FaultKind::Header("etag", endless.clone())),
        ("GET", "/api/models/", FaultKind::Response(Response::new(200, listing))),
    ] {
        let server = Server::new([repo()]);
        let client = Client::new(&server).token(TOKEN);
        server.fault(Fault::once(method, path_part, kind));
        let error = client.download_error("user/name");
        assert!(error.len() < 800 && error.contains("***") && !error.contains('\u{9b}'), "{error}");
    }
}
