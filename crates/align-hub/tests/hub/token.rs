//! The token goes to the hub and nowhere else.

use crate::support::{Client, Fault, Reply, Repo, Server, TOKEN, What, noise};

fn repo() -> Repo {
    Repo::of(
        "user/name",
        [("config.json", b"{}".to_vec()), ("model.safetensors", noise(1000, 1)), ("tokenizer.json", noise(1000, 2))],
    )
}

#[test]
fn the_hub_gets_it_with_every_request_and_the_cdn_never() {
    let server = Server::new([Repo { private: true, ..repo() }]);
    Client::new(&server).token(TOKEN).download("user/name").unwrap();
    let seen = server.seen();
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
fn a_hub_that_sends_questions_elsewhere_does_not_send_the_token_along() {
    let server = Server::new([repo()]);
    let elsewhere = Server::new([repo()]);
    let location = format!("{}/api/models/user/name/revision/main", elsewhere.endpoint());
    let reply = Reply::new(302, "").header("location", &location);
    server.fault(Fault::once("GET", "/api/models/", What::Answer(reply)));
    Client::new(&server).token(TOKEN).download("user/name").unwrap();
    let seen = elsewhere.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].request.token(), None);
}

#[test]
fn without_a_token_nobody_gets_one() {
    let server = Server::new([repo()]);
    Client::new(&server).download("user/name").unwrap();
    assert!(server.seen().iter().all(|seen| seen.request.header("authorization").is_none()));
}
