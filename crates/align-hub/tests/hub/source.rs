//! Models given by folder or name.

use crate::download::golden;
use crate::support::{Client, Repo, Server};
use align_hub::ModelSource;

#[test]
fn a_folder_is_used_directly_and_a_name_is_downloaded() {
    let server = Server::new([Repo::of_folder("user/tiny", &golden("gpt2-tiny"))]);
    let client = Client::new(&server);
    let fetch = |text: &str| ModelSource::parse(text).unwrap().fetch(&client.hub(), &mut |_| {}).unwrap();
    let folder = golden("gpt2-tiny");
    assert_eq!(fetch(folder.to_str().unwrap()), folder);
    assert!(server.requests().is_empty());
    let fetched = fetch("user/tiny@main");
    assert_eq!(std::fs::read(fetched.join("vocab.json")).unwrap(), std::fs::read(folder.join("vocab.json")).unwrap());
}
