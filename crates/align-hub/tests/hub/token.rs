//! The token is sent to the hub only.

use crate::support::{Client, Fault, FaultKind, Repo, Response, Server, TOKEN, noise};

fn repo() -> Repo {
    Repo::of(
        "user/name",
        [("config.json", b"{}".to_vec()), ("model.safetensors", noise(1000, 1)), ("tokenizer.json", noise(1000, 2))],
    )
}

#[test]
fn the_hub_gets_the_token_and_the_cdn_does_not() {
    let server = Server::new([Repo { private: true, ..repo() }]);
    Client::new(&server).token(TOKEN).download("user/name").unwrap();
    let seen = server.requests();
    let (cdn, hub): (Vec<_>, Vec<_>) = seen.into_iter().partition(|seen| seen.on_cdn);
    assert!(!cdn.is_empty() && hub.iter().any(|seen| seen.request.path.starts_with("/cached/")));
    for seen in hub {
        assert_eq!(seen.request.token(), Some(TOKEN), "{} {}", seen.request.method, seen.request.path);
    }
    for seen in cdn {
        assert!(!format!("{:?}", seen.request).contains(TOKEN), "{} {}", seen.request.method, seen.request.path);
    }
}

#[test]
fn a_redirect_to_another_host_does_not_get_the_token() {
    let server = Server::new([repo()]);
    let elsewhere = Server::new([repo()]);
    let location = format!("{}/api/models/user/name/revision/main", elsewhere.endpoint());
    let response = Response::new(302, "").header("location", &location);
    server.fault(Fault::once("GET", "/api/models/", FaultKind::Response(response)));
    Client::new(&server).token(TOKEN).download("user/name").unwrap();
    let seen = elsewhere.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].request.token(), None);
}

#[test]
fn without_a_token_no_header_is_sent() {
    let server = Server::new([repo()]);
    Client::new(&server).download("user/name").unwrap();
    assert!(server.requests().iter().all(|seen| seen.request.header("authorization").is_none()));
}
