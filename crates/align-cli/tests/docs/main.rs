//! Tests README.md and the pages of docs/. Every `align` command in a shell block is run, page by page, with tiny models and small numbers.
//! Every other command must be run by a test or a CI step. Options, links and the README's length are checked too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod fixtures;
#[path = "../../../align-hub/tests/hub/support/mod.rs"]
#[allow(dead_code, unused_imports)]
mod hub_server;
mod installed;
mod links;
mod messages;
mod options;
mod other_commands;
mod pages;
mod small_numbers;
#[path = "../support/mod.rs"]
mod support;

use commands::Shell;
use pages::Page;
use std::collections::BTreeSet;
use std::path::Path;

/// Runs the commands of a page in order, in a folder with only the files that the page assumes.
fn run_page(name: &str) {
    let page = Page::read(name);
    let folder = tempfile::tempdir().unwrap();
    fixtures::write(name, folder.path());
    let hub = fixtures::hub();
    for line in page.shell_lines() {
        match Shell::parse(&line) {
            Shell::Align(words) => run(name, &line, &words, folder.path(), &hub.endpoint()),
            Shell::Other(command) => other_commands::check(name, &command),
        }
    }
}

fn run(page: &str, line: &str, words: &[String], folder: &Path, endpoint: &str) {
    let (command, args) = words.split_first().unwrap_or_else(|| panic!("{page}: `{line}` has no command"));
    let args = small_numbers::apply(command, args);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let mut program = support::command(command, folder, &args);
    program.env_remove("HF_HUB_OFFLINE").env("HF_ENDPOINT", endpoint).env("HF_TOKEN", hub_server::TOKEN);
    program.env("OMP_NUM_THREADS", "1");
    let output = program.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{page}: `{line}`, run with {args:?}, failed:\n{out}\n{err}");
}

macro_rules! pages {
    ($($test:ident: $page:literal,)*) => {
        $(
            #[test]
            fn $test() {
                run_page($page);
            }
        )*

        #[test]
        fn every_page_is_run() {
            let run: BTreeSet<String> = [$($page.to_owned()),*].into();
            assert_eq!(run, pages::names());
        }
    };
}

pages! {
    readme: "README.md",
    align_a_chat_model: "docs/align-a-chat-model.md",
    index: "docs/README.md",
    chat: "docs/chat.md",
    command_line: "docs/command-line.md",
    data: "docs/data.md",
    development: "docs/development.md",
    distances: "docs/distances.md",
    errors: "docs/errors.md",
    frontier: "docs/frontier.md",
    generation: "docs/generation.md",
    audit: "docs/audit.md",
    gguf: "docs/gguf.md",
    gpu: "docs/gpu.md",
    hub: "docs/hub.md",
    library: "docs/library.md",
    judges: "docs/judges.md",
    likes: "docs/likes.md",
    lora: "docs/lora.md",
    losses: "docs/losses.md",
    on_policy: "docs/on-policy.md",
    quick_start: "docs/quick-start.md",
    reward_models: "docs/reward-models.md",
    scaling: "docs/scaling.md",
    setup: "docs/setup.md",
    streaming: "docs/streaming.md",
    trackers: "docs/trackers.md",
    training: "docs/training.md",
    your_own_data: "docs/your-own-data.md",
}

/// Cargo commands in running text are checked like those in blocks.
#[test]
fn cargo_commands_in_the_text_are_run_too() {
    for name in pages::names() {
        let page = Page::read(&name);
        for code in page.inline_code().iter().filter(|code| code.starts_with("cargo ") && !code.contains("NAME")) {
            if let Shell::Other(command) = Shell::parse(code) {
                other_commands::check(&name, &command);
            }
        }
    }
}

/// The blocks are found.
#[test]
fn most_lines_are_align_commands() {
    let lines = pages::names().into_iter().flat_map(|name| Page::read(&name).shell_lines());
    let commands = lines.filter(|line| matches!(Shell::parse(line), Shell::Align(_))).count();
    assert!(commands > 50, "{commands} commands");
}

#[test]
fn the_readme_is_short() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= 150, "README.md has {lines} lines, expected at most 150: move text to docs/");
}

/// The Rust blocks of the pages are doctests of the crate `align`.
#[test]
fn rust_blocks_are_compiled() {
    let doctests = std::fs::read_to_string(support::repository().join("crates/align/src/pages.rs")).unwrap();
    for name in pages::names() {
        if Page::read(&name).text.contains("```rust") {
            assert!(doctests.contains(&format!("../../../{name}\"")), "{name} is not in crates/align/src/pages.rs");
        }
    }
}
