//! A closed or full standard output does not affect the output files.

use crate::every_command::{COMMANDS, Invocation, inputs};
use crate::support::{self, golden_path};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

/// A pipe whose reader is closed.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

fn message(output: &Output, code: i32, what: &str) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{what}: {message}");
    assert!(!message.contains("panicked"), "{what}: {message}");
    message
}

fn assert_written(
    invocation: &Invocation,
    expected: &[Option<Vec<u8>>],
    to: impl Fn() -> Stdio,
    code: i32,
    what: &str,
) -> String {
    let dir = inputs();
    let ended = invocation.command(dir.path()).stdout(to()).output().unwrap();
    let what = format!("{}, {what}", invocation.command_line());
    let message = message(&ended, code, &what);
    assert!(invocation.read_outputs(dir.path()) == expected, "{what}: outputs are missing or differ");
    message
}

#[test]
fn files_are_written_and_the_exit_code_reports_standard_output() {
    for invocation in COMMANDS {
        let expected = invocation.expected_outputs();
        let stderr = assert_written(invocation, &expected, closed, 0, "closed");
        assert!(!stderr.contains("output"), "{}, closed: {stderr}", invocation.command_line());
        let stderr = assert_written(invocation, &expected, full, 74, "full");
        assert_eq!(stderr.matches("standard output cannot be written: No space left on device").count(), 1, "{stderr}");
        // With standard error full too, no message can be printed.
        let dir = inputs();
        let ended = invocation.command(dir.path()).stdout(full()).stderr(full()).output().unwrap();
        message(&ended, 74, &invocation.command_line());
        assert!(invocation.read_outputs(dir.path()) == expected, "{}: both full", invocation.command_line());
    }
}

#[test]
fn training_finishes_if_the_reader_of_standard_output_closes_it() {
    let dir = inputs();
    let data = golden_path("train.jsonl");
    let args = ["--train-file", &data, "--eval-file", &data, "--eval-strategy", "steps", "--eval-steps", "10"];
    let mut command = support::command("dpo", dir.path(), &args);
    command.args(["--max-steps", "20", "--output-dir", "hd"]).env("OMP_NUM_THREADS", "1");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("train.jsonl"), "{line}");
    message(&child.wait_with_output().unwrap(), 0, "dpo | head -1");
    assert!(dir.path().join("hd/model/model.safetensors").exists());
    assert_eq!(fs::read_to_string(dir.path().join("hd/metrics.jsonl")).unwrap().matches("eval_loss").count(), 2);
}

/// Generation stops early if the reader of a stream has closed it.
#[test]
fn a_stream_ends_when_its_reader_closes_it() {
    let dir = inputs();
    let args = ["--prompt", "Hi", "--stream", "--max-new-tokens", "40", "--min-new-tokens", "40"];
    let ended = support::command("generate", dir.path(), &args).stdout(closed()).output().unwrap();
    assert_eq!(message(&ended, 0, "closed"), "");
    let ended = support::command("generate", dir.path(), &args).stdout(full()).output().unwrap();
    message(&ended, 74, "full");
}

#[test]
fn help_and_invalid_options_have_the_documented_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let help = String::from_utf8(support::run("--help", dir.path(), &[]).stdout).unwrap();
    for code in ["0    success", "1    error", "2    invalid", "74   all files", "130  stopped", "143", "129"] {
        assert!(help.contains(code), "{help} lacks {code}");
    }
    for name in COMMANDS.iter().map(|invocation| invocation.name).chain(["push-to-hub"]) {
        let help = support::run(name, dir.path(), &["--help"]);
        assert_eq!(help.status.code(), Some(0));
        for (to, code) in [(closed(), 0), (full(), 74)] {
            let ended = support::command(name, dir.path(), &["--help"]).stdout(to).output().unwrap();
            message(&ended, code, name);
        }
        let ended = support::command(name, dir.path(), &["--no-such-option"]).stderr(full()).output().unwrap();
        message(&ended, 2, name);
    }
    // The exit code of an error is 1 even if its message cannot be printed.
    let args = ["--prompt", "Hi", "--model", "none"];
    for (to, code) in [(closed(), 1), (full(), 1)] {
        let ended = support::command("generate", dir.path(), &args).stderr(to).output().unwrap();
        message(&ended, code, "an error");
    }
}
