//! The program with a local hub server: models are downloaded by name, also in the old file formats that the notebook uses, and a
//! trained model is uploaded.
//!
//! The server is that of align-hub's tests, which cover every route and error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../align-hub/tests/hub/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod hub_server;
mod support;

use hub_server::{OTHER_TOKEN, Repo, Server, TOKEN};
use std::fs;
use std::path::Path;
use std::process::Output;
use support::{command, golden_path};

/// A hub with the notebook's two models in the file formats of 2020: a legacy `.bin`, vocabulary files, no tokenizer.json.
fn hub() -> Server {
    let repo = |name, folder: &str| Repo::of_folder(name, Path::new(&golden_path(folder)));
    Server::new([
        repo("lvwerra/gpt2-imdb", "models/gpt2-tiny-bin-legacy"),
        repo("lvwerra/distilbert-imdb", "models/distilbert-tiny-bin-legacy"),
    ])
}

fn online(server: &Server, name: &str, dir: &Path, args: &[&str], token: Option<&str>) -> Output {
    let mut command = command(name, dir, args);
    command.env_remove("HF_HUB_OFFLINE").env("HF_ENDPOINT", server.endpoint());
    command.envs(token.map(|token| ("HF_TOKEN", token))).output().unwrap()
}

fn assert_success(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_model_by_name_generates_the_same_text_as_its_folder() {
    let server = hub();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let generate = ["--prompt", "This movie", "--do-sample", "--seed", "3", "--max-new-tokens", "8", "--model"];

    let by_name = online(&server, "generate", dir, &[&generate[..], &["lvwerra/gpt2-imdb"]].concat(), None);
    assert_success(&by_name);
    let folder = golden_path("models/gpt2-tiny-bin-legacy");
    let by_folder = command("generate", dir, &[&generate[..], &[&folder]].concat()).output().unwrap();
    assert_eq!(by_name.stdout, by_folder.stdout);
    // With the server gone, the model comes from the cache.
    drop(server);
    let offline = command("generate", dir, &[&generate[..], &["lvwerra/gpt2-imdb@main"]].concat()).output().unwrap();
    assert_success(&offline);
    assert_eq!(offline.stdout, by_folder.stdout);
}

#[test]
fn a_classifier_by_name_gives_the_same_scores_as_its_folder() {
    let server = hub();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("in.csv"), "text\nA fine film.\nA dull film.\n").unwrap();
    let args = ["--model", "lvwerra/distilbert-imdb", "--input", "in.csv", "--output", "scored.csv"];
    assert_success(&online(&server, "classify", dir.path(), &args, None));
    let folder = golden_path("models/distilbert-tiny-bin-legacy");
    let args = ["--model", &folder, "--input", "in.csv", "--output", "again.csv"];
    assert_success(&command("classify", dir.path(), &args).output().unwrap());
    let read = |name: &str| fs::read(dir.path().join(name)).unwrap();
    assert_eq!(read("scored.csv"), read("again.csv"));
}

#[test]
fn a_trained_model_is_uploaded_with_its_card() {
    let server = hub();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let pairs = golden_path("train.jsonl");
    let mut args = vec!["--model", "lvwerra/gpt2-imdb", "--train-file", &pairs, "--max-steps", "2"];
    args.extend(["--loss-type", "hinge", "--beta", "0.3", "--push-to-hub", "--hub-model-id", "user/tuned"]);

    // Without a token the run is not started. With a token without write access, the trained model is not lost.
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
    assert_success(&online(&server, "push-to-hub", dir, &later, Some(TOKEN)));

    let repo = server.repo("user/tuned");
    let uploaded = &repo.commits[&repo.head()];
    for name in hub_server::names_in(&dir.join("first/model")) {
        assert_eq!(uploaded[&name].bytes, fs::read(dir.join("first/model").join(&name)).unwrap(), "{name}");
    }
    let card = String::from_utf8(repo.content("README.md")).unwrap();
    for part in ["base_model: \"lvwerra/gpt2-imdb\"", "| loss_type | hinge |", "| beta | 0.3 |", "| steps | 2 |"] {
        assert!(card.contains(part), "{part} is not in\n{card}");
    }
    assert!(repo.content("model.safetensors").len() > 100_000);

    // The uploaded model can be downloaded and used.
    let args = ["--model", "user/tuned", "--prompt", "This", "--max-new-tokens", "3"];
    let fetched = online(&server, "generate", dir, &args, Some(TOKEN));
    assert_success(&fetched);
    let args = ["--model", "first/model", "--prompt", "This", "--max-new-tokens", "3"];
    assert_eq!(fetched.stdout, command("generate", dir, &args).output().unwrap().stdout);
}

#[test]
fn a_data_set_by_name_trains_as_its_files_do() {
    let rows = |from: usize, to: usize| {
        let text = fs::read_to_string(golden_path("train.jsonl")).unwrap();
        text.lines().take(to).skip(from).map(|line| format!("{line}\n")).collect::<String>()
    };
    let files = [("train.jsonl", rows(0, 6).into_bytes()), ("test.jsonl", rows(6, 8).into_bytes())];
    let server = Server::new([Repo::of("datasets/user/pairs", files)]);
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("train.jsonl"), rows(0, 6)).unwrap();
    fs::write(dir.join("test.jsonl"), rows(6, 8)).unwrap();
    let steps = ["--max-steps", "2", "--per-device-train-batch-size", "2"];
    let by_name = ["--dataset-name", "user/pairs", "--dataset-test-split", "test", "--output-dir", "by-name"];
    let found = online(&server, "dpo", dir, &[steps.as_slice(), &by_name].concat(), None);
    assert_success(&found);
    assert!(String::from_utf8(found.stdout).unwrap().contains("user/pairs (test)"));
    let by_file = ["--train-file", "train.jsonl", "--eval-file", "test.jsonl", "--output-dir", "by-file"];
    assert_success(&command("dpo", dir, &[steps.as_slice(), &by_file].concat()).output().unwrap());
    let weights = |run: &str| fs::read(dir.join(run).join("model/model.safetensors")).unwrap();
    assert!(weights("by-name") == weights("by-file"));
    // A finished run by name is resumed with the options in its folder.
    assert_success(&online(&server, "dpo", dir, &["--output-dir", "by-name", "--resume"], None));

    for (options, message_part) in [
        (vec!["--dataset-name", "user/pairs", "--dataset-train-split", "no"], "split"),
        (vec!["--dataset-name", "user/pairs", "--train-file", "train.jsonl"], "--train-file"),
        (vec!["--train-file", "train.jsonl", "--dataset-config", "x"], "--dataset-name"),
        (vec!["--dataset-name", "not/a/name"], "user/name"),
    ] {
        let refused = online(&server, "dpo", dir, &[options.as_slice(), &["--output-dir", "refused"]].concat(), None);
        let problem = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && problem.contains(message_part), "{options:?}: {problem}");
    }
}
