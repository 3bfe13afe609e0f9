//! Downloads of whole models.

use crate::support::{Client, Repo, Server, assert_holds, names_in, noise};
use align_hub::Event;
use std::fs;
use std::path::{Path, PathBuf};

/// A tiny model from the repository's golden data.
pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models").join(name)
}

/// A repository with weights in three shards, and files that a model does not need.
pub fn sharded(name: &str) -> Repo {
    let shard = |number| format!("model-{number:05}-of-00003.safetensors");
    let index = serde_json::json!({
        "metadata": { "total_size": 3 },
        "weight_map": { "a": shard(1), "b": shard(2), "c": shard(2), "d": shard(3) },
    });
    let mut repo = Repo::of(
        name,
        [
            ("config.json", br#"{"model_type":"gpt2"}"#.to_vec()),
            ("tokenizer.json", noise(3000, 1)),
            ("chat_template.jinja", b"{{ messages }}".to_vec()),
            ("README.md", b"# A model".to_vec()),
            ("model.safetensors.index.json", index.to_string().into_bytes()),
            ("onnx/model.bin", noise(100, 9)),
            ("optimizer.bin", noise(100, 8)),
        ],
    );
    for number in 1..=3 {
        repo.commit("main", [(shard(number).as_str(), noise(200_000, number))]);
    }
    repo
}

pub const SHARDED_FILES: [&str; 7] = [
    "config.json",
    "tokenizer.json",
    "chat_template.jinja",
    "model.safetensors.index.json",
    "model-00001-of-00003.safetensors",
    "model-00002-of-00003.safetensors",
    "model-00003-of-00003.safetensors",
];

#[test]
fn an_old_repository_with_bin_weights_and_no_tokenizer_json() {
    let server = Server::new([Repo::of_folder("gpt2", &golden("gpt2-tiny-bin-zip"))]);
    let client = Client::new(&server);
    let snapshot = client.download("gpt2").unwrap();
    let repo = server.repo("gpt2");
    assert_eq!(snapshot.commit, repo.head());
    assert_eq!(snapshot.folder, client.cache().join("models--gpt2/snapshots").join(repo.head()));
    assert_holds(&snapshot, &repo, &["config.json", "merges.txt", "pytorch_model.bin", "vocab.json"]);
}

#[test]
fn single_file_safetensors() {
    let server = Server::new([Repo::of_folder("user/tiny", &golden("gpt2-tiny"))]);
    let client = Client::new(&server);
    let snapshot = client.download("user/tiny").unwrap();
    let files = ["config.json", "generation_config.json", "merges.txt", "model.safetensors"];
    let tokenizer = ["tokenizer.json", "tokenizer_config.json", "vocab.json"];
    assert_holds(&snapshot, &server.repo("user/tiny"), &[&files[..], &tokenizer[..]].concat());
}

#[test]
fn shards_with_their_index_and_no_unneeded_files() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let snapshot = client.download("user/big").unwrap();
    assert_holds(&snapshot, &server.repo("user/big"), &SHARDED_FILES);
}

#[test]
fn bin_shards_with_their_index() {
    let index = br#"{"weight_map":{"a":"pytorch_model-1.bin","b":"pytorch_model-2.bin"}}"#.to_vec();
    let server = Server::new([Repo::of(
        "user/old",
        [
            ("config.json", b"{}".to_vec()),
            ("pytorch_model.bin.index.json", index),
            ("pytorch_model-1.bin", noise(1000, 1)),
            ("pytorch_model-2.bin", noise(1000, 2)),
        ],
    )]);
    let client = Client::new(&server);
    let snapshot = client.download("user/old").unwrap();
    let names = ["config.json", "pytorch_model.bin.index.json", "pytorch_model-1.bin", "pytorch_model-2.bin"];
    assert_holds(&snapshot, &server.repo("user/old"), &names);
}

#[test]
fn the_cache_has_the_layout_of_python() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let snapshot = client.download("user/big").unwrap();
    let (repo, served) = (client.repo("user/big"), server.repo("user/big"));
    assert_eq!(fs::read_to_string(repo.join("refs/main")).unwrap(), served.head());
    for name in SHARDED_FILES {
        let etag = served.etag(name);
        let link = fs::read_link(snapshot.folder.join(name)).unwrap();
        assert_eq!(link, Path::new("../../blobs").join(&etag));
        assert!(client.cache().join(".locks/models--user--big").join(format!("{etag}.lock")).exists());
    }
    assert_eq!(names_in(&repo.join("blobs")).len(), SHARDED_FILES.len());
    // Permissions are subject to the umask, as for any file.
    let plain = client.folder().join("plain");
    fs::write(&plain, "").unwrap();
    let mode = |path: &Path| std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
    assert_eq!(mode(&repo.join("refs/main")), mode(&plain));
    assert_eq!(mode(&snapshot.folder.join("config.json")), mode(&plain));
}

#[test]
fn a_second_download_only_requests_the_revision() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let first = client.download("user/big").unwrap();
    server.clear_requests();
    assert_eq!(client.download("user/big").unwrap(), first);
    let asked: Vec<String> = server.requests().into_iter().map(|seen| seen.request.path).collect();
    assert_eq!(asked, ["/api/models/user/big/revision/main"]);
}

#[test]
fn named_files_in_subfolders() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let model = "user/big".parse().unwrap();
    let names = ["README.md", "onnx/model.bin"];
    let snapshot = client.hub().download_files(&model, &names, &mut |_| {}).unwrap();
    assert_holds(&snapshot, &server.repo("user/big"), &names);
    let link = fs::read_link(snapshot.folder.join("onnx/model.bin")).unwrap();
    assert!(link.starts_with("../../../blobs"), "{link:?}");
    let error = client.hub().download_files(&model, &["READ.ME"], &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("`user/big` has no file `READ.ME`") && error.contains("its files are README.md"), "{error}");
    assert_eq!(client.offline().download_files(&model, &names, &mut |_| {}).unwrap(), snapshot);
}

#[test]
fn progress_adds_up_to_the_file_sizes() {
    let server = Server::new([sharded("user/big")]);
    let client = Client::new(&server);
    let (mut total, mut bytes, mut done) = (0, 0, Vec::new());
    let mut watch = |event: Event<'_>| match event {
        Event::Begin { total: Some(size), done: 0, .. } => total += size,
        Event::Bytes { more, .. } => bytes += more,
        Event::Done { file } => done.push(file.to_owned()),
        other => panic!("{other:?}"),
    };
    client.hub().download_model(&"user/big".parse().unwrap(), &mut watch).unwrap();
    assert_eq!(bytes, total);
    assert_eq!(done, SHARDED_FILES);
}

#[test]
fn a_model_without_config_or_weights_is_an_error() {
    let server = Server::new([
        Repo::of("user/data", [("train.csv", b"a,b".to_vec()), ("README.md", b"#".to_vec())]),
        Repo::of("user/flax", [("config.json", b"{}".to_vec()), ("flax_model.msgpack", b"x".to_vec())]),
    ]);
    let client = Client::new(&server);
    let error = client.download_error("user/data");
    assert!(
        error.contains("`user/data` has no config.json") && error.contains("its files are README.md, train.csv"),
        "{error}"
    );
    let error = client.download_error("user/flax");
    assert!(error.contains("has no weights") && error.contains("flax_model.msgpack"), "{error}");
    assert_eq!(server.bytes_sent(), 0);
}
