//! A server that means harm gets an error, and nothing outside the cache.

use crate::support::{Client, Fault, Reply, Repo, Server, TOKEN, What, assert_holds, names_in, noise};
use serde_json::json;

fn repo() -> Repo {
    Repo::of("user/name", [("config.json", b"{}".to_vec()), ("model.safetensors", noise(1000, 1))])
}

/// Nothing was written beside the cache, and nothing into its snapshots.
fn assert_nothing_written(client: &Client) {
    let written = names_in(client.folder());
    assert!(written.iter().all(|name| name.starts_with("hub/")), "{written:?}");
    assert!(!written.iter().any(|name| name.contains("snapshots")), "{written:?}");
}

#[test]
fn an_etag_that_leads_out_of_the_cache() {
    for etag in ["\"../../x\"", "\"..\"", "\"/etc/cron.d/x\"", "\"\"", "\"a.incomplete\""] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        server.fault(Fault::once("HEAD", "config.json", What::Header("etag", etag.to_owned())));
        let error = client.refusal("user/name");
        assert!(error.contains("could not name a file"), "{error}");
        assert_nothing_written(&client);
    }
}

#[test]
fn an_index_that_names_a_shard_elsewhere() {
    for (shard, wrong) in [
        ("../../evil", "which is no plain file name"),
        ("/etc/passwd", "which is no plain file name"),
        ("sub/shard.safetensors", "which is no plain file name"),
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
        let error = client.refusal("user/name");
        let expected = "`model.safetensors.index.json` of `user/name` is no index of weights that can be used";
        assert!(error.contains(expected) && error.contains(wrong), "{error}");
        assert!(!names_in(client.folder()).iter().any(|name| name.contains("evil")));
    }
}

#[test]
fn names_in_the_listing_that_lead_elsewhere_are_left_alone() {
    let mut repo = repo();
    repo.commit("main", [("../../../evil", b"evil".to_vec()), ("/tmp/evil", b"evil".to_vec())]);
    let server = Server::new([repo]);
    let client = Client::new(&server);
    let snapshot = client.download("user/name").unwrap();
    assert_holds(&snapshot, &server.repo("user/name"), &["config.json", "model.safetensors"]);
    let model = "user/name".parse().unwrap();
    for name in ["../../../evil", "/tmp/evil"] {
        let error = client.hub().download_files(&model, &[name], &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("is no name of a file of a repository"), "{error}");
    }
    assert!(!names_in(client.folder()).iter().any(|name| name.contains("evil")));
}

#[test]
fn a_listing_without_end_or_that_is_none() {
    let long = format!("{{\"sha\":\"{}\"}}", "0".repeat(17 << 20)).into_bytes();
    let deep = format!("{{\"gated\":{}", "[".repeat(100_000)).into_bytes();
    for (body, wrong) in [
        (long, "it sends more than 16777216 bytes"),
        (deep, "its JSON is not what was expected"),
        (b"<html>Log in to the hotel's network</html>".to_vec(), "its JSON is not what was expected"),
        (br#"{"sha":"../../../evil","siblings":[]}"#.to_vec(), "it gives no commit of 40 hexadecimal digits"),
        (br#"{"siblings":[]}"#.to_vec(), "it gives no commit"),
    ] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        server.fault(Fault::once("GET", "/api/models/", What::Answer(Reply::new(200, body))));
        let error = client.refusal("user/name");
        assert!(error.contains(wrong) && error.contains("is HF_ENDPOINT a hub"), "{error}");
        assert_nothing_written(&client);
    }
}

#[test]
fn redirects_without_end_or_to_nowhere() {
    for (location, wrong) in [
        ("/user/name/resolve/main/config.json", "redirects more than 10 times"),
        ("file:///etc/passwd", "not to an address that can be followed"),
        ("", "not to an address that can be followed"),
    ] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        let mut reply = Reply::new(307, "");
        if !location.is_empty() {
            reply = reply.header("location", location);
        }
        server.fault(Fault::once("HEAD", "config.json", What::Answer(reply)).always());
        let error = client.refusal("user/name");
        assert!(error.contains(wrong), "{error}");
        assert!(server.seen_of("HEAD", "config.json").len() <= 11);
    }
}

#[test]
fn metadata_of_another_commit_or_of_none() {
    for (header, value, wrong) in [
        ("x-repo-commit", "f".repeat(40), "it is of commit \"ffff"),
        ("x-repo-commit", String::new(), "it has no X-Repo-Commit header"),
        ("etag", String::new(), "it has no ETag header"),
    ] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        server.fault(Fault::once("HEAD", "config.json", What::Header(header, value)));
        let error = client.refusal("user/name");
        assert!(error.contains(wrong), "{error}");
        assert_nothing_written(&client);
    }
}

#[test]
fn a_file_that_could_not_be_checked_is_refused() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    server.fault(Fault::once("HEAD", "config.json", What::Header("etag", "\"opaque\"".to_owned())));
    server.fault(Fault::once("HEAD", "config.json", What::Header("transfer-encoding", "chunked".to_owned())));
    let error = client.refusal("user/name");
    assert!(error.contains("it gives neither a size nor a checksum"), "{error}");
}

#[test]
fn an_opaque_etag_is_taken_with_its_size() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    server.fault(Fault::once("HEAD", "config.json", What::Header("etag", "\"opaque-1\"".to_owned())));
    let snapshot = client.download("user/name").unwrap();
    assert_holds(&snapshot, &server.repo("user/name"), &["config.json", "model.safetensors"]);
    assert!(client.repo("user/name").join("blobs/opaque-1").exists());
}

#[test]
fn a_promised_size_is_not_allocated() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    server.fault(Fault::once("GET", "/api/models/", What::Header("content-length", u64::MAX.to_string())).always());
    let client = client.with(|config| config.etag_timeout = std::time::Duration::from_millis(200));
    let error = client.refusal("user/name");
    assert!(error.contains("cannot reach") || error.contains("answered wrongly"), "{error}");
}

#[test]
fn a_compressed_answer_that_was_not_asked_for() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    server.fault(Fault::once("GET", "config.json", What::Header("content-encoding", "gzip".to_owned())));
    let error = client.refusal("user/name");
    assert!(error.contains("it compresses the file though asked not to"), "{error}");
}

#[test]
fn what_an_error_quotes_is_short_and_without_the_token() {
    let endless = format!("../{TOKEN} {}", "x".repeat(20_000));
    let listing = serde_json::json!({ "siblings": format!("{endless}\u{9b}") }).to_string();
    for (method, path_part, what) in [
        ("HEAD", "config.json", What::Header("etag", endless.clone())),
        ("GET", "/api/models/", What::Answer(Reply::new(200, listing))),
    ] {
        let server = Server::new([repo()]);
        let client = Client::new(&server).token(TOKEN);
        server.fault(Fault::once(method, path_part, what));
        let error = client.refusal("user/name");
        assert!(error.len() < 800 && error.contains("***") && !error.contains('\u{9b}'), "{error}");
    }
}
