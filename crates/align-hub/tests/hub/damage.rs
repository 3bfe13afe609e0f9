//! Damaged files never reach a snapshot.

use crate::support::{Client, Fault, FaultKind, Repo, Server, assert_holds, names_in, noise};
use std::fs;

fn repo() -> Repo {
    Repo::of(
        "user/name",
        [("config.json", b"{}".to_vec()), ("vocab.json", noise(5000, 2)), ("model.safetensors", noise(50_000, 1))],
    )
}

/// After an error, the damaged content is gone and the next attempt succeeds.
fn assert_discarded(server: &Server, client: &Client, file: &str) {
    let etag = server.repo("user/name").etag(file);
    let repo = client.repo("user/name");
    assert!(!names_in(&repo).iter().any(|name| name.ends_with(file) || name.contains(&etag)), "{:?}", names_in(&repo));
    server.clear_faults();
    let names = ["config.json", "model.safetensors", "vocab.json"];
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}

#[test]
fn both_checksums_detect_a_wrong_byte() {
    for file in ["model.safetensors", "vocab.json"] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        let etag = server.repo("user/name").etag(file);
        let path_part = if file == "vocab.json" { file } else { etag.as_str() };
        server.fault(Fault::once("GET", path_part, FaultKind::WrongByte));
        let error = client.download_error("user/name");
        assert!(error.contains(&format!("`{file}` of `user/name` is damaged: its checksum is")), "{error}");
        assert!(error.contains(&format!("expected {etag}; the download was discarded")), "{error}");
        assert_discarded(&server, &client, file);
    }
}

#[test]
fn a_wrong_size_is_detected() {
    let cases = [("49999", "it is 50000 bytes long, expected 49999"), ("50001", "is damaged: it is 50000 bytes long")];
    for (size, wrong) in cases {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        server.fault(Fault::once("HEAD", "model.safetensors", FaultKind::Header("x-linked-size", size.to_owned())));
        let error = client.download_error("user/name");
        assert!(error.contains(wrong), "{error}");
        assert_discarded(&server, &client, "model.safetensors");
    }
}

#[test]
fn excess_bytes_are_rejected() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("HEAD", "model.safetensors", FaultKind::Header("x-linked-size", "40000".to_owned())));
    // Without a length, the body ends when the connection closes.
    server.fault(Fault::once("GET", &etag, FaultKind::Header("transfer-encoding", "identity".to_owned())));
    server.fault(Fault::once("GET", &etag, FaultKind::CutAfter(50_000)));
    let error = client.download_error("user/name");
    assert!(error.contains("is damaged: it is more than 40000 bytes long"), "{error}");
    assert_discarded(&server, &client, "model.safetensors");
}

#[test]
fn a_cached_blob_of_the_wrong_size_is_downloaded_again() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let blob = client.repo("user/name").join("blobs").join(server.repo("user/name").etag("model.safetensors"));
    fs::create_dir_all(blob.parent().unwrap()).unwrap();
    fs::write(&blob, b"cut short by a full disk").unwrap();
    let names = ["config.json", "model.safetensors", "vocab.json"];
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}

#[test]
fn a_dangling_link_is_replaced() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let snapshot = client.download("user/name").unwrap();
    let blob = client.repo("user/name").join("blobs").join(server.repo("user/name").etag("model.safetensors"));
    fs::remove_file(blob).unwrap();
    assert!(!snapshot.folder.join("model.safetensors").exists());
    let names = ["config.json", "model.safetensors", "vocab.json"];
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}

#[test]
fn a_file_without_a_size_is_checked_by_its_checksum() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    // Neither a length nor an end marker: the body ends when the connection closes.
    server.fault(Fault::once("HEAD", "vocab.json", FaultKind::Header("transfer-encoding", "chunked".to_owned())));
    server.fault(Fault::once("HEAD", "model.safetensors", FaultKind::Header("x-linked-size", String::new())));
    let names = ["config.json", "model.safetensors", "vocab.json"];
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}

/// Flips a byte of a cached file.
fn damage(path: &std::path::Path) {
    // On some file systems, timestamps are too coarse for a fast test.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let path = fs::canonicalize(path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[17] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_blob_of_the_right_size_is_downloaded_again() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let names = ["config.json", "model.safetensors", "vocab.json"];
    for file in ["model.safetensors", "vocab.json"] {
        let snapshot = client.download("user/name").unwrap();
        damage(&snapshot.folder.join(file));
        assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
    }
    // Without a link, an existing blob is verified before it is linked.
    let snapshot = client.download("user/name").unwrap();
    damage(&snapshot.folder.join("model.safetensors"));
    fs::remove_file(snapshot.folder.join("model.safetensors")).unwrap();
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}

#[test]
fn a_damaged_blob_is_an_error_offline() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let snapshot = client.download("user/name").unwrap();
    damage(&snapshot.folder.join("model.safetensors"));
    let error = client.offline().download_model(&"user/name".parse().unwrap(), &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("model.safetensors: the file is damaged: its checksum is"), "{error}");
}

#[test]
fn a_download_does_not_follow_a_link() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    let blobs = client.repo("user/name").join("blobs");
    fs::create_dir_all(&blobs).unwrap();
    let (mine, link) = (blobs.join("mine"), blobs.join(format!("{etag}.incomplete")));
    fs::write(&mine, b"a user's own").unwrap();
    std::os::unix::fs::symlink(&mine, &link).unwrap();
    let error = client.download_error("user/name");
    assert!(error.contains(".incomplete") && error.contains("it is a link") && error.contains("remove it"), "{error}");
    assert_eq!(fs::read(&mine).unwrap(), b"a user's own");
    fs::remove_file(link).unwrap();
    let names = ["config.json", "model.safetensors", "vocab.json"];
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}
