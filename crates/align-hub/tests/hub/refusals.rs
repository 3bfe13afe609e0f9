//! Each way of the hub to say no has its own message.

use crate::support::{Client, Fault, OTHER_TOKEN, Reply, Repo, Server, TOKEN, What, noise};
use align_hub::HubError;

fn repo(name: &str) -> Repo {
    Repo::of(name, [("config.json", b"{}".to_vec()), ("model.safetensors", noise(100, 1))])
}

fn gated() -> Repo {
    Repo { gated: true, ..repo("user/gated") }
}

#[test]
fn a_repository_that_is_not_there() {
    let server = Server::new([repo("user/name")]);
    let error = Client::new(&server).refusal("user/nmae");
    assert!(error.contains(&format!("{} has no model `user/nmae`, or it is private", server.endpoint())), "{error}");
    assert!(
        error.contains("check the spelling") && error.contains("set HF_TOKEN to a token that may read it"),
        "{error}"
    );
    let error = Client::new(&server).token(TOKEN).refusal("user/nmae");
    assert!(
        error.contains("and the token may not see it") && error.contains("of an account that may read it"),
        "{error}"
    );
}

#[test]
fn a_private_repository() {
    let server = Server::new([Repo { private: true, ..repo("user/private") }]);
    assert!(Client::new(&server).refusal("user/private").contains("or it is private"));
    assert!(Client::new(&server).token(OTHER_TOKEN).refusal("user/private").contains("the token may not see it"));
    Client::new(&server).token(TOKEN).download("user/private").unwrap();
}

#[test]
fn a_revision_that_is_not_there() {
    let server = Server::new([repo("user/name")]);
    let error = Client::new(&server).refusal("user/name@v9");
    assert!(error.contains("`user/name` has no revision `v9`") && error.contains("Invalid rev id: v9"), "{error}");
}

#[test]
fn a_file_that_is_not_there_after_all() {
    let server = Server::new([repo("user/name")]);
    server.fault(Fault::once(
        "HEAD",
        "config.json",
        What::Answer(Reply::error(404, "EntryNotFound", "Entry not found")),
    ));
    let error = Client::new(&server).refusal("user/name");
    assert!(error.contains("`user/name` has no file `config.json` (Entry not found)"), "{error}");
}

#[test]
fn a_gated_repository_without_a_token() {
    let server = Server::new([gated()]);
    let error = Client::new(&server).refusal("user/gated");
    let page = format!("accept its conditions at {}/user/gated and set HF_TOKEN", server.endpoint());
    assert!(error.contains("`user/gated` is gated") && error.contains(&page), "{error}");
    assert!(error.contains("(Access to this model is restricted.)"), "{error}");
}

#[test]
fn a_gated_repository_with_a_token_without_access() {
    let server = Server::new([gated()]);
    let error = Client::new(&server).token(OTHER_TOKEN).refusal("user/gated");
    assert!(error.contains("is gated and the token's account has no access yet"), "{error}");
    Client::new(&server).token(TOKEN).download("user/gated").unwrap();
}

#[test]
fn a_wrong_token() {
    let server = Server::new([repo("user/name")]);
    let error = Client::new(&server).token("hf_wrong_secret").refusal("user/name");
    assert!(error.contains("does not accept the token: it was revoked"), "{error}");
    assert!(error.contains("/settings/tokens and set HF_TOKEN"), "{error}");
}

#[test]
fn a_disabled_repository() {
    let server = Server::new([Repo { disabled: true, ..repo("user/bad") }]);
    let error = Client::new(&server).refusal("user/bad");
    assert!(error.contains("has disabled `user/bad`: nobody can download it"), "{error}");
}

#[test]
fn forbidden_for_another_reason() {
    let server = Server::new([repo("user/name")]);
    let refusal = Reply::error(403, "", "This fine-grained token does not cover this repository");
    server.fault(Fault::once("GET", "/api/models/", What::Answer(refusal)));
    let error = Client::new(&server).token(TOKEN).refusal("user/name");
    assert!(error.contains("forbids reading `user/name`: check what the token may do"), "{error}");
    assert!(error.contains("(This fine-grained token does not cover this repository)"), "{error}");
}

#[test]
fn an_answer_that_no_hub_gives() {
    let server = Server::new([repo("user/name")]);
    server.fault(Fault::once("GET", "/api/models/", What::Answer(Reply::new(418, "teapot"))));
    let error = Client::new(&server).refusal("user/name");
    assert!(error.contains("answered 418, which is not an answer that a hub gives here"), "{error}");
}

#[test]
fn the_hubs_words_are_shown_without_the_token_and_what_a_terminal_obeys() {
    let server = Server::new([repo("user/name")]);
    let words = format!("no\u{9b}31m, {TOKEN}! {}", "x".repeat(4000));
    let body = serde_json::json!({ "error": words }).to_string();
    server.fault(Fault::once("GET", "/api/models/", What::Answer(Reply::new(403, body))));
    let error = Client::new(&server).token(TOKEN).refusal("user/name");
    assert!(error.contains("(no\\u{9b}31m, ***! xxx") && error.len() < 600, "{error}");
}

#[test]
fn a_setting_that_makes_no_sense() {
    let server = Server::new([]);
    for endpoint in ["huggingface.co", "ftp://hub", "https://me:secret@hub", "https://hub/?q", ""] {
        let mut config = Client::new(&server).hub().config().clone();
        config.endpoint = endpoint.to_owned();
        let error = align_hub::Hub::new(config).err().unwrap();
        assert!(matches!(error, HubError::Setting { setting: "HF_ENDPOINT", .. }), "{endpoint}: {error}");
    }
}
