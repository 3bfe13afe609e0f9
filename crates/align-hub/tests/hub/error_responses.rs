//! Each error response of the hub has its own message.

use crate::support::{Client, Fault, FaultKind, OTHER_TOKEN, Repo, Response, Server, TOKEN, noise};
use align_hub::HubError;

fn repo(name: &str) -> Repo {
    Repo::of(name, [("config.json", b"{}".to_vec()), ("model.safetensors", noise(100, 1))])
}

fn gated() -> Repo {
    Repo { gated: true, ..repo("user/gated") }
}

#[test]
fn missing_repository() {
    let server = Server::new([repo("user/name")]);
    let error = Client::new(&server).download_error("user/nmae");
    assert!(error.contains(&format!("{} has no model `user/nmae`, or it is private", server.endpoint())), "{error}");
    assert!(
        error.contains("check the spelling") && error.contains("set HF_TOKEN to a token with read access"),
        "{error}"
    );
    let error = Client::new(&server).token(TOKEN).download_error("user/nmae");
    assert!(
        error.contains("and the token has no access to it") && error.contains("use a token with read access"),
        "{error}"
    );
}

#[test]
fn private_repository() {
    let server = Server::new([Repo { private: true, ..repo("user/private") }]);
    assert!(Client::new(&server).download_error("user/private").contains("or it is private"));
    assert!(
        Client::new(&server)
            .token(OTHER_TOKEN)
            .download_error("user/private")
            .contains("the token has no access to it")
    );
    Client::new(&server).token(TOKEN).download("user/private").unwrap();
}

#[test]
fn missing_revision() {
    let server = Server::new([repo("user/name")]);
    let error = Client::new(&server).download_error("user/name@v9");
    assert!(error.contains("`user/name` has no revision `v9`") && error.contains("Invalid rev id: v9"), "{error}");
}

#[test]
fn missing_file() {
    let server = Server::new([repo("user/name")]);
    server.fault(Fault::once(
        "HEAD",
        "config.json",
        FaultKind::Response(Response::error(404, "EntryNotFound", "Entry not found")),
    ));
    let error = Client::new(&server).download_error("user/name");
    assert!(error.contains("`user/name` has no file `config.json` (Entry not found)"), "{error}");
}

#[test]
fn gated_repository_without_token() {
    let server = Server::new([gated()]);
    let error = Client::new(&server).download_error("user/gated");
    let page = format!("accept its conditions at {}/user/gated and set HF_TOKEN", server.endpoint());
    assert!(error.contains("`user/gated` is gated") && error.contains(&page), "{error}");
    assert!(error.contains("(Access to this model is restricted.)"), "{error}");
}

#[test]
fn gated_repository_without_access() {
    let server = Server::new([gated()]);
    let error = Client::new(&server).token(OTHER_TOKEN).download_error("user/gated");
    assert!(error.contains("is gated and the token's account has no access yet"), "{error}");
    Client::new(&server).token(TOKEN).download("user/gated").unwrap();
}

#[test]
fn invalid_token() {
    let server = Server::new([repo("user/name")]);
    let error = Client::new(&server).token("hf_wrong_secret").download_error("user/name");
    assert!(error.contains("does not accept the token: it was revoked"), "{error}");
    assert!(error.contains("/settings/tokens and set HF_TOKEN"), "{error}");
}

#[test]
fn disabled_repository() {
    let server = Server::new([Repo { disabled: true, ..repo("user/bad") }]);
    let error = Client::new(&server).download_error("user/bad");
    assert!(error.contains("has disabled `user/bad`: nobody can download it"), "{error}");
}

#[test]
fn forbidden() {
    let server = Server::new([repo("user/name")]);
    let response = Response::error(403, "", "This fine-grained token does not cover this repository");
    server.fault(Fault::once("GET", "/api/models/", FaultKind::Response(response)));
    let error = Client::new(&server).token(TOKEN).download_error("user/name");
    assert!(error.contains("forbids reading `user/name`: check the token's permissions"), "{error}");
    assert!(error.contains("(This fine-grained token does not cover this repository)"), "{error}");
}

#[test]
fn unexpected_status() {
    let server = Server::new([repo("user/name")]);
    server.fault(Fault::once("GET", "/api/models/", FaultKind::Response(Response::new(418, "teapot"))));
    let error = Client::new(&server).download_error("user/name");
    assert!(error.contains("returned the unexpected status 418"), "{error}");
}

#[test]
fn server_messages_are_shown_without_token_and_control_characters() {
    let server = Server::new([repo("user/name")]);
    let words = format!("no\u{9b}31m, {TOKEN}! {}", "x".repeat(4000));
    let body = serde_json::json!({ "error": words }).to_string();
    server.fault(Fault::once("GET", "/api/models/", FaultKind::Response(Response::new(403, body))));
    let error = Client::new(&server).token(TOKEN).download_error("user/name");
    assert!(error.contains("(no\\u{9b}31m, ***! xxx") && error.len() < 600, "{error}");
}

#[test]
fn invalid_endpoint() {
    let server = Server::new([]);
    for endpoint in ["huggingface.co", "ftp://hub", "https://me:secret@hub", "https://hub/?q", ""] {
        let mut config = Client::new(&server).hub().config().clone();
        config.endpoint = endpoint.to_owned();
        let error = align_hub::Hub::new(config).err().unwrap();
        assert!(matches!(error, HubError::Setting { setting: "HF_ENDPOINT", .. }), "{endpoint}: {error}");
    }
}
