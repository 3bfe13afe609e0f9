//! Wrong options and files: one message says what to type instead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
#[path = "../support/mod.rs"]
mod support;

use cases::{CASES, CONFIGS};
use std::fs;
use std::path::Path;

/// Most lines of a message.
const MAX_LINES: usize = 6;

const PAIR: &str = "{\"prompt\": \"This movie\", \"chosen\": \" was great\", \"rejected\": \" was bad\"}\n";

/// Data for other commands.
const ROWS: [(&str, &str); 4] = [
    ("judged.jsonl", "{\"prompt\": \"A\", \"completion\": \" joy\", \"label\": true}\n"),
    ("completions.jsonl", "{\"prompt\": \"A\", \"completion\": \" joy\"}\n"),
    ("sides.jsonl", "{\"chosen\": \"A joy\", \"rejected\": \"A bore\"}\n"),
    ("chats.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"A\"}]}\n"),
];

fn write_files(dir: &Path) {
    fs::write(dir.join("pairs.jsonl"), PAIR.repeat(4)).unwrap();
    fs::write(dir.join("texts.jsonl"), "{\"text\": \"This movie was great\"}\n").unwrap();
    fs::write(dir.join("scored.csv"), "prompt,text,score\nA,A joy,1\nA,A bore,0\n").unwrap();
    fs::write(dir.join("notes.txt"), "notes\n").unwrap();
    for (name, row) in ROWS {
        fs::write(dir.join(name), row).unwrap();
    }
    fs::write(dir.join("named.csv"), "question,chosen,rejected\nA,B,C\n").unwrap();
    fs::write(dir.join("semicolons.csv"), "question;good;bad\nA;B;C\n").unwrap();
    fs::create_dir_all(dir.join("finished/model")).unwrap();
    fs::write(dir.join("finished/model/config.json"), "{}").unwrap();
    for (name, text) in CONFIGS {
        fs::write(dir.join(name), text).unwrap();
    }
}

/// What is wrong with the message of a command, or `None`.
fn problem(dir: &Path, line: &str, code: i32, instead: &str) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let output = support::run(words[0], dir, &words[1..]);
    let message = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = message.lines().collect();
    let errors = lines.iter().filter(|line| line.contains("error: ")).count();
    let wrong = [
        (output.status.code() != Some(code), "exit code"),
        (!message.contains(instead), "lacks what to type instead"),
        (!message.starts_with("error: ") || errors != 1 || message.matches("error: ").count() != 1, "not one error"),
        (lines.len() > MAX_LINES, "too long"),
        (message.contains("os error"), "an error number of the system"),
    ];
    let wrong: Vec<&str> = wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, what)| what).collect();
    (!wrong.is_empty()).then(|| {
        let code = output.status.code();
        format!("align {line}: {}\n  expected {instead:?}, exit code {code:?}:\n  {message}", wrong.join(", "))
    })
}

#[test]
fn one_message_says_what_to_type_instead() {
    let dir = tempfile::tempdir().unwrap();
    write_files(dir.path());
    assert!(CASES.len() >= 40, "{} cases", CASES.len());
    let problems = CASES.iter().filter_map(|(line, code, instead)| problem(dir.path(), line, *code, instead));
    let problems: Vec<String> = problems.collect();
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), CASES.len(), problems.join("\n"));
}
