//! What a user types for a model.

use crate::download::golden;
use crate::support::{Client, Repo, Server};
use align_hub::ModelSource;

#[test]
fn a_folder_is_taken_as_it_is_and_a_name_is_fetched() {
    let server = Server::new([Repo::of_folder("user/tiny", &golden("gpt2-tiny"))]);
    let client = Client::new(&server);
    let fetch = |text: &str| ModelSource::parse(text).unwrap().fetch(&client.hub(), &mut |_| {}).unwrap();
    let folder = golden("gpt2-tiny");
    assert_eq!(fetch(folder.to_str().unwrap()), folder);
    assert!(server.seen().is_empty());
    let fetched = fetch("user/tiny@main");
    assert_eq!(std::fs::read(fetched.join("vocab.json")).unwrap(), std::fs::read(folder.join("vocab.json")).unwrap());
}
