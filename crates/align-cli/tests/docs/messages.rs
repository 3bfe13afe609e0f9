//! The error messages that docs/errors.md shows.

use crate::pages::Page;
use crate::support::run;

#[test]
fn errors_are_shown_as_they_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    std::fs::write(dir.join("scored.csv"), "prompt,text,score\nA,fine,1\nA,dull,good\n").unwrap();
    std::fs::write(dir.join("misspelt.csv"), "promt,text,score\nA,fine,1\n").unwrap();
    let pages = Page::read("docs/errors.md").text + &Page::read("docs/command-line.md").text;
    let commands: [(&str, &[&str]); 7] = [
        ("pair", &["--input", "scored.csv", "--output", "pairs.jsonl"]),
        ("pair", &["--input", "misspelt.csv", "--output", "pairs.jsonl"]),
        ("dpo", &["--train-file", "scored.csv", "--output-dir", "run", "--loss-type", "hinge", "--dpop-lambda", "3"]),
        ("dpo", &["--lr", "1e-5"]),
        ("sft", &["--pairs-per-prompt", "3"]),
        ("dpo", &["--train-file", "scored.csv", "--output-dir", "run", "--lora-r", "8"]),
        ("train", &[]),
    ];
    for (command, args) in commands {
        let output = run(command, dir, args);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && pages.contains(message.trim_end()), "the pages lack:\n{message}");
    }
}
