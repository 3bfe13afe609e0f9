//! Data sets and their splits.

use crate::support::{Client, Repo, Server};
use align_hub::{Hub, HubError, ModelName};
use std::fs;

fn rows(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// The contents of the files of a split.
fn download(client: &Client, config: Option<&str>, split: &str) -> Result<Vec<String>, HubError> {
    download_with(&client.hub(), config, split)
}

fn download_with(hub: &Hub, config: Option<&str>, split: &str) -> Result<Vec<String>, HubError> {
    let dataset: ModelName = "user/rows".parse().unwrap();
    let files = hub.download_dataset(&dataset, config, split, &mut |_| {})?;
    Ok(files.iter().map(|file| fs::read_to_string(file).unwrap()).collect())
}

#[test]
fn the_parquet_files_of_a_split_are_downloaded_in_order() {
    let files = [
        ("data/train-00001-of-00002.parquet", rows("second")),
        ("data/train-00000-of-00002.parquet", rows("first")),
        ("data/test-00000-of-00001.parquet", rows("held out")),
        ("train.jsonl", rows("not these")),
    ];
    let server = Server::new([Repo::of("datasets/user/rows", files)]);
    let client = Client::new(&server);
    assert_eq!(download(&client, None, "train").unwrap(), ["first", "second"]);
    assert_eq!(download(&client, None, "test").unwrap(), ["held out"]);
    let message = download(&client, None, "validation").unwrap_err().to_string();
    assert!(message.contains("no files of the split \"validation\"") && message.contains("train.jsonl"), "{message}");
    // A model of that name does not exist.
    assert!(client.download("user/rows").is_err());
    // Without a connection the cached files are used.
    assert_eq!(download_with(&client.offline(), None, "train").unwrap(), ["first", "second"]);
}

#[test]
fn files_converted_by_the_hub_come_before_text_files() {
    let mut repo = Repo::of("datasets/user/rows", [("train.jsonl.gz", rows("text"))]);
    let client_of = |repo: &Repo| {
        let server = Server::new([repo.clone()]);
        (Client::new(&server), server)
    };
    let (client, _server) = client_of(&repo);
    assert_eq!(download(&client, None, "train").unwrap(), ["text"]);
    repo.commit("refs/convert/parquet", [("default/train/0000.parquet", rows("converted"))]);
    let (client, _server) = client_of(&repo);
    assert_eq!(download(&client, None, "train").unwrap(), ["converted"]);
}

#[test]
fn one_of_several_configurations_must_be_named() {
    let files = [("easy/train-0.parquet", rows("easy")), ("hard/train-0.parquet", rows("hard"))];
    let server = Server::new([Repo::of("datasets/user/rows", files)]);
    let client = Client::new(&server);
    let message = download(&client, None, "train").unwrap_err().to_string();
    assert!(message.contains("several configurations: name one of easy, hard"), "{message}");
    assert_eq!(download(&client, Some("hard"), "train").unwrap(), ["hard"]);
    let message = download(&client, Some("harder"), "train").unwrap_err().to_string();
    assert!(message.contains("of the configuration \"harder\""), "{message}");
}
