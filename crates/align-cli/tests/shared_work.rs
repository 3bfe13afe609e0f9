//! Commands whose work several processes share give the same bytes as one process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A command on several processes. Each has one thread, as the one process has: rounding depends on their number.
fn shared(processes: usize, name: &str, dir: &Path, args: &[&str]) -> Command {
    let mut command = support::command(name, dir, args);
    command.arg("--nproc-per-node").arg(processes.to_string()).env("OMP_NUM_THREADS", "1");
    command
}

/// Runs a command that succeeds, and returns what it prints.
fn finish(mut command: Command) -> String {
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

/// Runs a command that fails, and returns its errors.
fn errors(mut command: Command) -> Vec<String> {
    let ended = command.output().unwrap();
    assert!(!ended.status.success(), "{command:?}");
    let text = String::from_utf8(ended.stderr).unwrap();
    text.lines().filter(|line| line.contains("error")).map(str::to_owned).collect()
}

/// Runs a command with 1, 2 and 3 processes, which write `NAME-PROCESSES.EXTENSION`, and compares the files with that of one process. It must
/// not depend on the order of the batches that there are several.
fn assert_same_file(command: &str, dir: &Path, (name, extension): (&str, &str), args: &[&str]) -> Vec<u8> {
    let write = |processes: usize| {
        let output = format!("{name}-{processes}.{extension}");
        let printed = finish(shared(processes, command, dir, &[args, &["--output", &output]].concat()));
        (fs::read(dir.join(&output)).unwrap(), printed.replace(&output, "OUTPUT"))
    };
    let one = write(1);
    for processes in [2, 3] {
        let (bytes, printed) = write(processes);
        assert!(bytes == one.0, "{command} {args:?} with {processes} processes");
        assert_eq!(printed, one.1, "{command} {args:?} with {processes} processes");
    }
    one.0
}

/// Fifty prompts of different lengths, four texts each.
const TEXTS: [&str; 8] =
    ["--prompts", "prompts.txt", "--texts-per-prompt", "4", "--do-sample", "--max-new-tokens", "12", "--batch-size"];

fn write_prompts(dir: &Path) {
    let prompt = |number: usize| {
        format!("{} the film{}\n", ["The", "I think", "A very good"][number % 3], "!".repeat(number % 5))
    };
    fs::write(dir.join("prompts.txt"), (0..50).map(prompt).collect::<String>()).unwrap();
}

#[test]
fn generated_texts_and_their_scores_are_those_of_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_prompts(dir);
    let texts = assert_same_file("generate", dir, ("texts", "csv"), &[&TEXTS[..], &["7"]].concat());
    assert_eq!(String::from_utf8(texts).unwrap().lines().count(), 201);
    let record = |processes: usize| fs::read(dir.join(format!("texts-{processes}.csv.generation.json"))).unwrap();
    assert!(record(1) == record(2) && record(1) == record(3));
    assert!(!dir.join("texts-2.csv.partial").exists());
    assert_same_file(
        "generate",
        dir,
        ("beams", "jsonl"),
        &["--num-beams", "3", "--num-return-sequences", "2", "--batch-size", "5"],
    );

    let scored = assert_same_file("classify", dir, ("scored", "csv"), &["--input", "texts-1.csv", "--batch-size", "9"]);
    assert_eq!(String::from_utf8(scored).unwrap().lines().count(), 201);
    let judges = [
        format!("film={}", support::golden_path("models/distilbert-tiny")),
        format!("fluent={}:mean-logp", support::golden_path("models/gpt2-tiny")),
        "short=words:9".to_owned(),
    ];
    let judges = judges.iter().flat_map(|judge| ["--judge", judge]);
    let args: Vec<&str> = ["--input", "texts-1.csv", "--batch-size", "11"].into_iter().chain(judges).collect();
    assert_same_file("classify", dir, ("judged", "parquet"), &args);
}

#[test]
fn log_probabilities_and_pairs_are_those_of_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let pairs = support::golden_path("train.jsonl");
    let logps =
        assert_same_file("logps", dir, ("logps", "jsonl"), &["--input", &pairs, "--token-logps", "--batch-size", "3"]);
    let rows = fs::read_to_string(&pairs).unwrap().lines().count();
    assert_eq!(String::from_utf8(logps).unwrap().lines().count(), rows);
    assert_same_file("classify", dir, ("pairs", "jsonl"), &["--pairs", "--input", &pairs, "--batch-size", "2"]);
    // More processes than batches.
    assert_same_file("logps", dir, ("few", "jsonl"), &["--input", &pairs, "--batch-size", "1000"]);
}

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until the journal of a running job has some texts.
fn wait_for_texts(child: &mut Child, journal: &Path) {
    while fs::read_to_string(journal).map_or(0, |text| text.lines().count()) < 10 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was stopped");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_stopped_job_continues_with_another_number_of_processes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_prompts(dir);
    let generate = |processes, output: &str| {
        let long = ["--texts-per-prompt", "4", "--do-sample", "--min-new-tokens", "60", "--max-new-tokens", "60"];
        let args = [&["--prompts", "prompts.txt", "--output", output][..], &long, &["--batch-size", "1"]].concat();
        shared(processes, "generate", dir, &args)
    };
    finish(generate(1, "whole.csv"));
    for (output, signal, second) in [("killed.csv", Signal::SIGKILL, 3), ("stopped.csv", Signal::SIGINT, 1)] {
        let journal = dir.join(format!("{output}.partial"));
        let mut child = start(generate(2, output));
        wait_for_texts(&mut child, &journal);
        kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(journal.exists() && !dir.join(output).exists(), "{said}");
        if signal == Signal::SIGINT {
            assert_eq!(ended.status.code(), Some(130), "{said}");
            assert_eq!(said.matches("stopped after").count(), 1, "{said}");
        }
        // The processes of a killed one end soon.
        let resumed = (0..200).find_map(|_| {
            let ended = generate(second, output).output().unwrap();
            std::thread::sleep(Duration::from_millis(50));
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            match said.contains("another process is using it") {
                true => None,
                false => Some((ended.status.success(), format!("{}{said}", String::from_utf8_lossy(&ended.stdout)))),
            }
        });
        let (success, said) = resumed.unwrap();
        assert!(success && said.contains("resuming after"), "{said}");
        assert!(fs::read(dir.join(output)).unwrap() == fs::read(dir.join("whole.csv")).unwrap());
        assert!(!journal.exists());
    }
}

#[test]
fn an_error_is_printed_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let pairs = support::golden_path("train.jsonl");
    // Rank 0 alone looks at the output.
    fs::write(dir.join("there.jsonl"), "").unwrap();
    let found = errors(shared(2, "logps", dir, &["--input", &pairs, "--output", "there.jsonl"]));
    assert!(matches!(found.as_slice(), [only] if only.contains("there.jsonl exists already")), "{found:?}");
    // A row that is too long is too long in all processes.
    fs::write(dir.join("long.jsonl"), format!("{{\"prompt\": \"a\", \"completion\": \"{}\"}}\n", "b c ".repeat(900)))
        .unwrap();
    let found = errors(shared(2, "logps", dir, &["--input", "long.jsonl", "--output", "logps.jsonl"]));
    assert!(matches!(found.as_slice(), [only] if only.contains("long.jsonl: row 1: has ")), "{found:?}");
    let found = errors(shared(2, "generate", dir, &["--prompt", "The film"]));
    assert!(matches!(found.as_slice(), [only] if only.contains("there is no --output")), "{found:?}");
    let found =
        errors(shared(2, "classify", dir, &["--input", "long.jsonl", "--output", "out.csv", "--model", "none"]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(!dir.join("out.csv").exists() && !dir.join("logps.jsonl").exists());
}
