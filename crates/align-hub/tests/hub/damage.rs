//! Contents that are not what the hub promised never get into a snapshot.

use crate::support::{Client, Fault, Repo, Server, What, assert_holds, names_in, noise};
use std::fs;

fn repo() -> Repo {
    Repo::of(
        "user/name",
        [("config.json", b"{}".to_vec()), ("vocab.json", noise(5000, 2)), ("model.safetensors", noise(50_000, 1))],
    )
}

/// After a refusal: nothing of that content is left, and the next attempt succeeds.
fn assert_thrown_away(server: &Server, client: &Client, file: &str) {
    let etag = server.repo("user/name").etag(file);
    let repo = client.repo("user/name");
    assert!(!names_in(&repo).iter().any(|name| name.ends_with(file) || name.contains(&etag)), "{:?}", names_in(&repo));
    server.no_more_faults();
    let names = ["config.json", "model.safetensors", "vocab.json"];
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}

#[test]
fn a_wrong_byte_is_found_by_either_checksum() {
    for file in ["model.safetensors", "vocab.json"] {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        let etag = server.repo("user/name").etag(file);
        let path_part = if file == "vocab.json" { file } else { etag.as_str() };
        server.fault(Fault::once("GET", path_part, What::WrongByte));
        let error = client.refusal("user/name");
        assert!(error.contains(&format!("`{file}` of `user/name` is damaged: its checksum is")), "{error}");
        assert!(error.contains(&format!("the hub says {etag}; the download was thrown away")), "{error}");
        assert_thrown_away(&server, &client, file);
    }
}

#[test]
fn a_lie_about_the_size_is_found() {
    let cases =
        [("49999", "it is 50000 bytes long, the hub says 49999"), ("50001", "is damaged: it is 50000 bytes long")];
    for (size, wrong) in cases {
        let server = Server::new([repo()]);
        let client = Client::new(&server);
        server.fault(Fault::once("HEAD", "model.safetensors", What::Header("x-linked-size", size.to_owned())));
        let error = client.refusal("user/name");
        assert!(error.contains(wrong), "{error}");
        assert_thrown_away(&server, &client, "model.safetensors");
    }
}

#[test]
fn more_bytes_than_promised_are_not_taken() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    server.fault(Fault::once("HEAD", "model.safetensors", What::Header("x-linked-size", "40000".to_owned())));
    // Without a length, it goes on until the connection closes.
    server.fault(Fault::once("GET", &etag, What::Header("transfer-encoding", "identity".to_owned())));
    server.fault(Fault::once("GET", &etag, What::CutAfter(50_000)));
    let error = client.refusal("user/name");
    assert!(error.contains("is damaged: it is more than 40000 bytes long"), "{error}");
    assert_thrown_away(&server, &client, "model.safetensors");
}

#[test]
fn a_blob_of_the_wrong_size_in_the_cache_is_fetched_again() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let blob = client.repo("user/name").join("blobs").join(server.repo("user/name").etag("model.safetensors"));
    fs::create_dir_all(blob.parent().unwrap()).unwrap();
    fs::write(&blob, b"cut short by a full disk").unwrap();
    let names = ["config.json", "model.safetensors", "vocab.json"];
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}

#[test]
fn a_link_whose_content_is_gone_is_made_again() {
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
    // Neither a length nor an end but that of the connection.
    server.fault(Fault::once("HEAD", "vocab.json", What::Header("transfer-encoding", "chunked".to_owned())));
    server.fault(Fault::once("HEAD", "model.safetensors", What::Header("x-linked-size", String::new())));
    let names = ["config.json", "model.safetensors", "vocab.json"];
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}

/// Flips a byte of a file in the cache.
fn damage(path: &std::path::Path) {
    // Some file systems count time in steps that a fast test falls into.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let path = fs::canonicalize(path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[17] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_damaged_blob_of_the_right_size_is_fetched_again() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let names = ["config.json", "model.safetensors", "vocab.json"];
    for file in ["model.safetensors", "vocab.json"] {
        let snapshot = client.download("user/name").unwrap();
        damage(&snapshot.folder.join(file));
        assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
    }
    // Without a link, a content that stands there is checked before it is linked.
    let snapshot = client.download("user/name").unwrap();
    damage(&snapshot.folder.join("model.safetensors"));
    fs::remove_file(snapshot.folder.join("model.safetensors")).unwrap();
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}

#[test]
fn a_damaged_blob_is_refused_offline() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let snapshot = client.download("user/name").unwrap();
    damage(&snapshot.folder.join("model.safetensors"));
    let error = client.offline().download_model(&"user/name".parse().unwrap(), &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("model.safetensors: it is damaged: its checksum is"), "{error}");
}

#[test]
fn a_link_where_a_download_arrives_is_not_written_through() {
    let server = Server::new([repo()]);
    let client = Client::new(&server);
    let etag = server.repo("user/name").etag("model.safetensors");
    let blobs = client.repo("user/name").join("blobs");
    fs::create_dir_all(&blobs).unwrap();
    let (mine, link) = (blobs.join("mine"), blobs.join(format!("{etag}.incomplete")));
    fs::write(&mine, b"a user's own").unwrap();
    std::os::unix::fs::symlink(&mine, &link).unwrap();
    let error = client.refusal("user/name");
    assert!(error.contains(".incomplete") && error.contains("it is a link") && error.contains("remove it"), "{error}");
    assert_eq!(fs::read(&mine).unwrap(), b"a user's own");
    fs::remove_file(link).unwrap();
    let names = ["config.json", "model.safetensors", "vocab.json"];
    assert_holds(&client.download("user/name").unwrap(), &server.repo("user/name"), &names);
}
