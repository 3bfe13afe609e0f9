//! `align chat` with a pipe in place of a terminal.

use crate::ok;
use crate::support::chat_model::write_chat_model;
use crate::support::{command, run};
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

fn chat(dir: &Path, options: &[&str], input: &str) -> Output {
    let mut child = command("chat", dir, &[&["--model", "chat-model"], options].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The answers are the greedy continuations of the rendered conversations.
#[test]
fn answers_continue_the_conversation() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_chat_model(dir);
    let continuation = |prompt: &str| {
        let text = ok("generate", dir, &["--model", "chat-model", "--prompt", prompt, "--max-new-tokens", "6"]);
        text.trim_end_matches('\n').strip_prefix(prompt).unwrap().to_owned()
    };
    let first = continuation("system: Be brief.\nuser: Hello\nassistant:");
    let history = format!("system: Be brief.\nuser: Hello\nassistant: {first}\n");
    let second = continuation(&format!("{history}user: And then?\nassistant:"));
    let again = continuation("user: Hello\nassistant:");
    let input = "Hello\nAnd then?\n\n/system\nHello\n/what\n/help\n/quit\nnot read\n";
    let output = chat(dir, &["--max-new-tokens", "6", "--system", "Be brief.", "--quiet"], input);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let (answers, help) = text.split_once("/reset").unwrap();
    assert_eq!(answers, format!("{first}\n{second}\n{again}\n"));
    assert!(help.contains("/quit"), "{help}");
}

/// Without --quiet, notes name the limit and unknown commands.
#[test]
fn notes_say_why_an_answer_ended() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_chat_model(dir);
    let output = chat(dir, &["--max-new-tokens", "3"], "Hello\n/what now\n/reset\n/system Be kind.\n");
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["limit of 3 tokens", "/what is not a command", "is forgotten", "with this message of the system"] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn models_and_options_that_cannot_chat_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_chat_model(dir);
    let problem = |args: &[&str]| String::from_utf8(run("chat", dir, args).stderr).unwrap();
    let plain = crate::support::golden_path("models/gpt2-tiny");
    assert!(problem(&["--model", &plain]).contains("has no chat template"));
    assert!(problem(&["--model", "chat-model", "--num-beams", "2"]).contains("--num-beams is 2"));
    // A conversation that the model has no room for is an error, after which the conversation goes on.
    let long = "word ".repeat(3000);
    let output = chat(dir, &["--max-new-tokens", "3"], &format!("{long}\nHello\n"));
    assert!(output.status.success());
    let (text, problem) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(
        problem.contains("/reset begins a new conversation") && text.contains("limit of 3 tokens"),
        "{text}{problem}"
    );
}
