//! The program against a hub on loopback: models by name, from files as old as the notebook's, and a trained model back.
//!
//! The hub is that of align-hub's own tests, which look into every route and fault.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../align-hub/tests/hub/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod hub_server;
mod support;

use hub_server::{OTHER_TOKEN, Repo, Server, TOKEN};
use std::fs;
use std::path::Path;
use std::process::Output;
use support::{command, kept};

/// The notebook's two models, in the files of 2020: an old `.bin`, vocabularies, no tokenizer.json.
fn hub() -> Server {
    let of = |name, folder: &str| Repo::of_folder(name, Path::new(&kept(folder)));
    Server::new([
        of("lvwerra/gpt2-imdb", "models/gpt2-tiny-bin-legacy"),
        of("lvwerra/distilbert-imdb", "models/distilbert-tiny-bin-legacy"),
    ])
}

fn online(server: &Server, name: &str, dir: &Path, args: &[&str], token: Option<&str>) -> Output {
    let mut command = command(name, dir, args);
    command.env_remove("HF_HUB_OFFLINE").env("HF_ENDPOINT", server.endpoint());
    command.envs(token.map(|token| ("HF_TOKEN", token))).output().unwrap()
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn models_by_name_give_what_their_folders_give() {
    let server = hub();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let generate = ["--prompt", "This movie", "--do-sample", "--seed", "3", "--max-new-tokens", "8", "--model"];

    let by_name = online(&server, "generate", dir, &[&generate[..], &["lvwerra/gpt2-imdb"]].concat(), None);
    succeeded(&by_name);
    let folder = kept("models/gpt2-tiny-bin-legacy");
    let by_folder = command("generate", dir, &[&generate[..], &[&folder]].concat()).output().unwrap();
    assert_eq!(by_name.stdout, by_folder.stdout);
    // The server is not asked for anything now.
    drop(server);
    let offline = command("generate", dir, &[&generate[..], &["lvwerra/gpt2-imdb@main"]].concat()).output().unwrap();
    succeeded(&offline);
    assert_eq!(offline.stdout, by_folder.stdout);
}

#[test]
fn a_classifier_by_name_scores() {
    let server = hub();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.csv"), "text\nA fine film.\nA dull film.\n").unwrap();
    let args = ["--model", "lvwerra/distilbert-imdb", "--input", "in.csv", "--output", "scored.csv"];
    succeeded(&online(&server, "classify", dir.path(), &args, None));
    let folder = kept("models/distilbert-tiny-bin-legacy");
    let args = ["--model", &folder, "--input", "in.csv", "--output", "again.csv"];
    succeeded(&command("classify", dir.path(), &args).output().unwrap());
    let read = |name: &str| fs::read(dir.path().join(name)).unwrap();
    assert_eq!(read("scored.csv"), read("again.csv"));
}

#[test]
fn a_trained_model_goes_to_the_hub_with_its_card() {
    let server = hub();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let pairs = kept("train.jsonl");
    let mut args = vec!["--model", "lvwerra/gpt2-imdb", "--train-file", &pairs, "--max-steps", "2"];
    args.extend(["--loss-type", "hinge", "--beta", "0.3", "--push-to-hub", "--hub-model-id", "user/tuned"]);

    // Without a token nothing is begun; with one that may not write, the run's work is not lost.
    let message = |token| {
        let refused = online(&server, "dpo", dir, &[&args[..], &["--output-dir", "first"]].concat(), token);
        assert!(!refused.status.success());
        String::from_utf8(refused.stderr).unwrap()
    };
    let none = message(None);
    assert!(none.contains("set HF_TOKEN") && !dir.join("first").exists(), "{none}");
    let other = message(Some(OTHER_TOKEN));
    assert!(other.contains("forbids") && other.contains("push-to-hub --model first/model"), "{other}");
    let later = ["--model", "first/model", "--hub-model-id", "user/tuned"];
    succeeded(&online(&server, "push-to-hub", dir, &later, Some(TOKEN)));

    let repo = server.repo("user/tuned");
    let sent = &repo.commits[&repo.head()];
    for name in hub_server::names_in(&dir.join("first/model")) {
        assert_eq!(sent[&name].bytes, fs::read(dir.join("first/model").join(&name)).unwrap(), "{name}");
    }
    let card = String::from_utf8(repo.content("README.md")).unwrap();
    for part in ["base_model: \"lvwerra/gpt2-imdb\"", "| loss_type | hinge |", "| beta | 0.3 |", "| steps | 2 |"] {
        assert!(card.contains(part), "{part} is not in\n{card}");
    }
    assert!(repo.content("model.safetensors").len() > 100_000);

    // What went up comes down again as a model.
    let args = ["--model", "user/tuned", "--prompt", "This", "--max-new-tokens", "3"];
    let fetched = online(&server, "generate", dir, &args, Some(TOKEN));
    succeeded(&fetched);
    let args = ["--model", "first/model", "--prompt", "This", "--max-new-tokens", "3"];
    assert_eq!(fetched.stdout, command("generate", dir, &args).output().unwrap().stdout);
}
