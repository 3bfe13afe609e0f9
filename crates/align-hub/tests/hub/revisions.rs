//! Branches, tags and commits.

use crate::support::{Client, Repo, Server, noise};
use std::fs;

fn repo() -> Repo {
    let mut repo = Repo::of(
        "user/name",
        [
            ("config.json", br#"{"version":1}"#.to_vec()),
            ("model.safetensors", noise(20_000, 1)),
            ("tokenizer.json", noise(2000, 2)),
        ],
    );
    let first = repo.head();
    repo.refs.insert("v1.0".to_owned(), first.clone());
    repo.refs.insert("refs/pr/1".to_owned(), first.clone());
    repo.refs.insert("feature/new".to_owned(), first);
    repo
}

#[test]
fn a_branch_a_tag_a_pull_request_and_a_commit() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let first = server.repo("user/name").head();
    server.change("user/name", |repo| {
        repo.commit("main", [("config.json", br#"{"version":2}"#.to_vec())]);
    });
    let refs = client.repo("user/name").join("refs");
    for revision in ["v1.0", "refs/pr/1", "feature/new"] {
        assert_eq!(client.download(&format!("user/name@{revision}")).unwrap().commit, first);
        assert_eq!(fs::read_to_string(refs.join(revision)).unwrap(), first);
    }
    assert!(!refs.join("main").exists());
    let by_commit = client.download(&format!("user/name@{first}")).unwrap();
    assert_eq!(by_commit.commit, first);
    assert!(!refs.join(&first).exists(), "a commit needs no reference");
    assert_ne!(client.download("user/name").unwrap().commit, first);
}

#[test]
fn a_moved_revision_is_downloaded_and_shares_unchanged_files() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let old = client.download("user/name").unwrap();
    server.change("user/name", |repo| {
        repo.commit("main", [("config.json", br#"{"version":2}"#.to_vec())]);
    });
    server.clear_requests();
    let new = client.download("user/name").unwrap();
    assert_ne!(new.commit, old.commit);
    assert_eq!(fs::read(new.folder.join("config.json")).unwrap(), br#"{"version":2}"#);
    assert_eq!(fs::read(old.folder.join("config.json")).unwrap(), br#"{"version":1}"#);
    let blob = |folder: &std::path::Path| folder.join("model.safetensors").canonicalize().unwrap();
    assert_eq!(blob(&new.folder), blob(&old.folder));
    assert_eq!(server.bytes_sent(), br#"{"version":2}"#.len());
    assert_eq!(fs::read_to_string(client.repo("user/name").join("refs/main")).unwrap(), new.commit);
}

#[test]
fn a_failed_download_keeps_the_old_revision_for_offline_use() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let old = client.download("user/name").unwrap();
    server.change("user/name", |repo| {
        repo.commit("main", [("model.safetensors", noise(20_000, 3))]);
    });
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(crate::support::Fault::once("GET", &etag, crate::support::FaultKind::WrongByte));
    assert!(client.download_error("user/name").contains("is damaged"));
    assert_eq!(client.offline().download_model(&"user/name".parse().unwrap(), &mut |_| {}).unwrap(), old);
}
