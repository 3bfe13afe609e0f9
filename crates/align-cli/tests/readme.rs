//! The commands of the README: each is there, with each option that stands beside it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use support::{repository, run};

/// The commands in the README's shell blocks, one a line, and those of its table.
fn commands() -> Vec<String> {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap().replace("\\\n", " ");
    let mut in_shell = false;
    let mut found = Vec::new();
    for line in readme.lines() {
        if line.starts_with("```") {
            in_shell = line == "```sh";
        } else if in_shell && line.starts_with("align ") {
            found.push(line.split(" #").next().unwrap().to_owned());
        } else if let Some(row) = line.strip_prefix("| `align ") {
            found.push(format!("align {}", row.split('`').next().unwrap()));
        }
    }
    found
}

#[test]
fn each_command_is_there_with_its_options() {
    let dir = tempfile::tempdir().unwrap();
    let mut helps = BTreeMap::new();
    let commands = commands();
    assert!(commands.len() > 25, "{} commands", commands.len());
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        let help = helps.entry(words[1].to_owned()).or_insert_with(|| {
            let output = run(words[1], dir.path(), &["--help"]);
            assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        });
        for option in words.iter().filter(|word| word.starts_with("--")) {
            let named = help.lines().any(|line| line.split([' ', ',', '=']).any(|word| word == *option));
            assert!(named, "{command}: {option} is not in its --help");
        }
    }
    assert_eq!(helps.len(), 15, "{:?}", helps.keys());
}
