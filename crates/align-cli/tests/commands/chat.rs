//! `align chat` with a pipe in place of a terminal.

use crate::ok;
use crate::support::chat_model::write_chat_model;
use crate::support::{command, run};
use serde_json::json;
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
    let output = chat(dir, &["--max-new-tokens", "3"], "Hello\n/what now\n/reset\n/system Be kind.\n/reset\n");
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "limit of 3 tokens",
        "/what is not a command",
        "is forgotten\n",
        "with this system message",
        "is forgotten; the system message stays",
    ] {
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

/// Answers are continuations of the rendered conversations, one at a time, in a table, and as JSON.
#[test]
fn conversations_are_answered() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_chat_model(dir);
    let rows = concat!(
        r#"{"prompt": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]}"#,
        "\n",
        r#"{"prompt": [{"role": "user", "content": "Is it long?"}]}"#,
        "\n"
    );
    std::fs::write(dir.join("prompts.jsonl"), rows).unwrap();
    let generate =
        |args: &[&str]| ok("generate", dir, &[&["--model", "chat-model", "--max-new-tokens", "6"], args].concat());
    let continuation =
        |prompt: &str| generate(&["--prompt", prompt]).trim_end_matches('\n').strip_prefix(prompt).unwrap().to_owned();
    let first = continuation("system: Be brief.\nuser: Hello\nassistant:");
    let second = continuation("user: Is it long?\nassistant:");
    assert_eq!(generate(&["--messages", "prompts.jsonl"]), format!("{first}\n\n{second}\n"));
    for stream in [&[][..], &["--stream"]] {
        let found = generate(&[&["--prompt", "Is it long?", "--chat"], stream].concat());
        assert_eq!(found, format!("{second}\n"));
    }
    let document: serde_json::Value =
        serde_json::from_str(&generate(&["--messages", "prompts.jsonl", "--json"])).unwrap();
    assert_eq!(document["texts"][0]["prompt"][0]["content"], "Be brief.");
    assert_eq!(document["texts"][1]["completion"], serde_json::json!([{"role": "assistant", "content": second}]));

    generate(&["--messages", "prompts.jsonl", "--texts-per-prompt", "2", "--do-sample", "--output", "answers.jsonl"]);
    let answers = crate::lines(&dir.join("answers.jsonl"));
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[3]["prompt"], serde_json::json!([{"role": "user", "content": "Is it long?"}]));
    assert_eq!(answers[3]["completion"][0]["role"], "assistant");
    // The answers can be trained on, and their prompts answered again.
    generate(&["--messages", "answers.jsonl"]);
}

/// The log-probabilities of a conversation are those of the text that the chat template makes of it.
#[test]
fn conversations_have_log_probabilities() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_chat_model(dir);
    let logps = |row: &serde_json::Value, name: &str| {
        std::fs::write(dir.join(name), format!("{row}\n")).unwrap();
        let args = ["--model", "chat-model", "--input", name, "--append-eos", "false", "--output", "logps.jsonl"];
        ok("logps", dir, &[&args[..], &["--token-logps", "--overwrite"]].concat());
        crate::lines(&dir.join("logps.jsonl")).remove(0)
    };
    let message = |role: &str, content: &str| json!({"role": role, "content": content});
    let (ask, yes, no) = (message("user", "Was it long?"), message("assistant", "Yes."), message("assistant", "No."));
    let prompt = "user: Was it long?\nassistant:";
    let pair = logps(&json!({"prompt": [ask], "chosen": [yes], "rejected": [no]}), "pairs.jsonl");
    let plain = logps(&json!({"prompt": prompt, "chosen": " Yes.\n", "rejected": " No.\n"}), "plain.jsonl");
    let one = logps(&json!({"prompt": [ask], "completion": [yes]}), "completion.jsonl");
    assert_eq!((&pair["prompt"][0], &pair["chosen"][0], &one["completion"][0]), (&ask, &yes, &yes));
    for side in ["chosen_", "rejected_"] {
        let name = format!("{side}token_logps");
        assert!(pair[&name].as_array().is_some_and(|tokens| tokens.len() > 1), "{pair}");
        assert_eq!(pair[&name], plain[&name]);
    }
    assert_eq!(one["token_logps"], plain["chosen_token_logps"]);
    let whole = logps(&json!({"messages": [ask, yes]}), "messages.jsonl");
    let text = logps(&json!({"prompt": "", "completion": format!("{prompt} Yes.\n")}), "text.jsonl");
    assert_eq!((&whole["messages"][1], &whole["token_logps"]), (&yes, &text["token_logps"]));
}

#[test]
fn conversations_that_cannot_be_answered_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_chat_model(dir);
    std::fs::write(dir.join("texts.jsonl"), "{\"text\": \"A film\"}\n").unwrap();
    std::fs::write(dir.join("empty.jsonl"), "").unwrap();
    std::fs::write(dir.join("role.jsonl"), "{\"prompt\": [{\"content\": \"A film\"}]}\n").unwrap();
    let problem = |args: &[&str]| String::from_utf8(run("generate", dir, args).stderr).unwrap();
    let plain = crate::support::golden_path("models/gpt2-tiny");
    for (args, message_part) in [
        (vec!["--model", &plain, "--prompt", "Hi", "--chat"], "has no chat template"),
        (vec!["--model", "chat-model", "--messages", "texts.jsonl"], "prompt"),
        (vec!["--model", "chat-model", "--messages", "empty.jsonl"], "found no rows"),
        (vec!["--model", "chat-model", "--messages", "role.jsonl"], "role"),
        (vec!["--model", "chat-model", "--messages", "texts.jsonl", "--prompt", "Hi"], "--messages"),
        (vec!["--model", "chat-model", "--messages", "texts.jsonl", "--chat"], "--messages"),
    ] {
        let found = problem(&args);
        assert!(found.contains(message_part), "{args:?}: {found}");
    }
}
