//! Checks that all commands and options in the text of the pages are in `--help`.

use crate::pages::{self, Page};
use crate::support::run;
use std::collections::BTreeSet;

/// Options of cargo and of `cargo xtask`.
const OTHER_OPTIONS: &[&str] =
    &["--release", "--timings", "--target", "--help", "--version", "--cpu", "--cuda", "--from"];

fn help(dir: &std::path::Path, command: &[&str]) -> String {
    let output = run(command[0], dir, &command[1..]);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The subcommands that `align help` lists.
fn subcommands(dir: &std::path::Path) -> BTreeSet<String> {
    let list = help(dir, &["help"]);
    let list = list.split("\nOptions:").next().unwrap();
    let lines = list.lines().filter_map(|line| line.strip_prefix("  "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn the_readme_lists_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let readme = Page::read("README.md").text;
    let cells = readme.lines().filter_map(|line| line.strip_prefix("| `align ")?.split(" |").next());
    let names = cells.flat_map(|cell| cell.split("`align ")).filter_map(|name| name.split('`').next());
    assert_eq!(names.map(str::to_owned).collect::<BTreeSet<_>>(), subcommands(dir.path()));
}

#[test]
fn options_in_the_text_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let mut known: BTreeSet<String> = OTHER_OPTIONS.iter().map(|option| (*option).to_owned()).collect();
    let commands = subcommands(dir.path());
    for command in &commands {
        let text = help(dir.path(), &["help", command]);
        let words = text.split(|c: char| c.is_whitespace() || [',', '=', '<', '['].contains(&c));
        known.extend(words.filter(|word| word.starts_with("--")).map(str::to_owned));
    }
    for name in pages::names() {
        for code in Page::read(&name).inline_code() {
            for word in code.split_whitespace().filter(|_| !code.starts_with("cargo ")) {
                let option = word.split(['=', ',']).next().unwrap();
                let is_option = option.len() > 2 && option.starts_with("--");
                assert!(
                    !is_option || known.contains(&option.replace('_', "-")),
                    "{name}: no command has the option in `{code}`"
                );
            }
            let command = code.strip_prefix("align ").and_then(|rest| rest.split_whitespace().next());
            let exists = |command: &str| {
                command.starts_with('-') || ["help", "COMMAND"].contains(&command) || commands.contains(command)
            };
            assert!(command.is_none_or(exists), "{name}: there is no command `{code}`");
        }
    }
}
