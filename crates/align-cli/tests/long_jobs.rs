//! Long `generate` jobs that are killed at random times and run again give the same bytes as an uninterrupted job.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A job of a second or two for the tiny model, in about 45 batches.
const JOB: [&str; 11] = [
    "--do-sample",
    "--temperature",
    "1.3",
    "--max-new-tokens",
    "24",
    "--seed",
    "7",
    "--batch-size",
    "8",
    "--texts-per-prompt",
    "7",
];

const TEXTS: usize = 322;

fn args<'a>(output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&JOB[..], &["--output", output], more].concat()
}

/// The command with one thread, since tests run in parallel on the same processors.
fn generate(dir: &Path, args: &[&str]) -> Command {
    let mut command = support::command("generate", dir, args);
    command.env("OMP_NUM_THREADS", "1");
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    generate(dir, args).output().unwrap()
}

fn start(dir: &Path, output: &str) -> Child {
    let mut command = generate(dir, &args(output, &[]));
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn finish(dir: &Path, output: &str) {
    let ended = run(dir, &args(output, &[]));
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

fn refusal(dir: &Path, args: &[&str]) -> String {
    let ended = run(dir, args);
    assert_eq!(ended.status.code(), Some(1));
    String::from_utf8(ended.stderr).unwrap()
}

/// Waits until the child's journal has this many lines.
fn wait_for_lines(dir: &Path, output: &str, lines: usize, child: &mut Child) {
    let journal = dir.join(format!("{output}.partial"));
    loop {
        let count = fs::read(&journal).map_or(0, |bytes| bytes.iter().filter(|&&byte| byte == b'\n').count());
        if count >= lines {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended before its journal had {lines} lines");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The output of an uninterrupted job, and its complete journal.
fn uninterrupted(dir: &Path, output: &str) -> (Vec<u8>, Vec<u8>) {
    let mut child = start(dir, output);
    wait_for_lines(dir, output, 1, &mut child);
    // A hard link keeps the journal, which the job removes at its end.
    fs::hard_link(dir.join(format!("{output}.partial")), dir.join("journal")).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(!dir.join(format!("{output}.partial")).exists(), "the journal was not removed");
    let journal = fs::read(dir.join("journal")).unwrap();
    (fs::read(dir.join(output)).unwrap(), journal)
}

/// Pseudo-random numbers from 0 to 1 with a fixed seed.
fn random_numbers(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn kill_ten_times(output: &str, seed: u64) {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let begin = Instant::now();
    let (whole, _) = uninterrupted(dir, &format!("whole-{output}"));
    let duration = begin.elapsed();
    let mut random = random_numbers(seed);
    let partial = dir.join(format!("{output}.partial"));
    let (mut kills, mut with_texts, mut ends) = (0, 0, 0);
    while kills < 10 {
        let mut child = start(dir, output);
        std::thread::sleep(duration.mul_f64(random() * 0.6));
        child.kill().unwrap();
        let ended = child.wait_with_output().unwrap();
        let message = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.code().is_none_or(|code| code == 0), "{message}");
        kills += usize::from(ended.status.code().is_none());
        let journal = fs::read(&partial).unwrap_or_default();
        with_texts += usize::from(journal.iter().filter(|&&byte| byte == b'\n').count() > 1);
        if dir.join(output).exists() && !partial.exists() {
            // The job finished before the kill: start a new one.
            assert!(fs::read(dir.join(output)).unwrap() == whole, "after {kills} kills");
            fs::remove_file(dir.join(output)).unwrap();
            ends += 1;
        }
    }
    finish(dir, output);
    assert!(fs::read(dir.join(output)).unwrap() == whole, "{output}: other bytes than an uninterrupted run");
    assert!(!partial.exists());
    assert!(with_texts >= 3, "{with_texts} of 10 kills left texts in the journal, {ends} jobs ended before their kill");
}

#[test]
fn a_csv_job_killed_ten_times_gives_the_same_bytes() {
    kill_ten_times("texts.csv", 1);
}

#[test]
fn a_jsonl_job_killed_ten_times_gives_the_same_bytes() {
    kill_ten_times("texts.jsonl", 2);
}

#[test]
fn a_truncated_journal_is_continued() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (whole, journal) = uninterrupted(dir, "texts.jsonl");
    let (output, partial) = (dir.join("texts.jsonl"), dir.join("texts.jsonl.partial"));
    let lines: Vec<&[u8]> = journal.split_inclusive(|&byte| byte == b'\n').collect();
    assert_eq!(lines.len(), 1 + TEXTS);

    // Truncated in the header, after it, within a batch, within a line, and one byte before the end.
    let header = lines[0].len();
    let within: usize = lines[..152].iter().map(|line| line.len()).sum();
    for length in [0, 10, header / 2, header - 1, header, within, within + 9, journal.len() - 1] {
        fs::remove_file(&output).ok();
        fs::write(&partial, &journal[..length]).unwrap();
        finish(dir, "texts.jsonl");
        assert!(fs::read(&output).unwrap() == whole, "cut at {length}");
        assert!(!partial.exists(), "cut at {length}");
    }

    // The output was written, but the journal was not removed.
    fs::write(&partial, &journal).unwrap();
    finish(dir, "texts.jsonl");
    assert!(fs::read(&output).unwrap() == whole && !partial.exists());
    // Another file with the output's name is not replaced.
    fs::write(&partial, &journal).unwrap();
    fs::write(&output, "mine\n").unwrap();
    let message = refusal(dir, &args("texts.jsonl", &[]));
    assert!(message.contains("exists already") && message.contains("--overwrite"), "{message}");
    assert!(fs::read(&output).unwrap() == b"mine\n" && fs::read(&partial).unwrap() == journal);
    let ended = run(dir, &args("texts.jsonl", &["--overwrite"]));
    assert!(ended.status.success() && fs::read(&output).unwrap() == whole && !partial.exists());
}

#[test]
fn a_journal_of_another_job_is_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut child = start(dir, "texts.csv");
    wait_for_lines(dir, "texts.csv", 2, &mut child);
    // While one process writes the journal, a second one is rejected. It is stopped, because it might end before the second one begins.
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGSTOP).unwrap();
    let message = refusal(dir, &args("texts.csv", &[]));
    assert!(message.contains("another run"), "{message}");
    child.kill().unwrap();
    child.wait().unwrap();
    let partial = dir.join("texts.csv.partial");
    let journal = fs::read(&partial).unwrap();

    fs::write(dir.join("prompts.txt"), "This movie\n").unwrap();
    let base = ["--do-sample", "--max-new-tokens", "24", "--seed", "7", "--output", "texts.csv"];
    let same = [&base[..], &["--temperature", "1.3", "--texts-per-prompt", "7"]].concat();
    // The same weights with another number of heads count as another model.
    let model = dir.join("model");
    fs::create_dir(&model).unwrap();
    for entry in fs::read_dir(support::golden_path("models/gpt2-tiny")).unwrap().flatten() {
        fs::copy(entry.path(), model.join(entry.file_name())).unwrap();
    }
    let config = fs::read_to_string(model.join("config.json")).unwrap();
    fs::write(model.join("config.json"), config.replace("\"n_head\": 4", "\"n_head\": 8")).unwrap();
    let cases: [(Vec<&str>, &[&str]); 5] = [
        ([&base[..], &["--texts-per-prompt", "7"]].concat(), &["generation.temperature was 1.3, is now not set"]),
        (
            [&base[..], &["--temperature", "1.3"]].concat(),
            &["prompts.count was 322, is now 46", "prompts.blake3 differs"],
        ),
        ([&same[..], &["--prompts", "prompts.txt"]].concat(), &["prompts.count was 322, is now 7"]),
        ([&same[..], &["--dtype", "bfloat16"]].concat(), &["dtype was \"float32\", is now \"bfloat16\""]),
        ([&same[..], &["--model", "model"]].concat(), &["model.config.n_head was 4, is now 8"]),
    ];
    for (args, message_parts) in cases {
        let message = refusal(dir, &args);
        for part in message_parts.iter().chain(&["texts.csv.partial", "another job", "delete the file", "--overwrite"])
        {
            assert!(message.contains(part), "{args:?}: {message} lacks {part}");
        }
        assert!(fs::read(&partial).unwrap() == journal, "{args:?}: the journal was touched");
    }

    // A journal without texts is replaced by another job. One with texts is discarded with --overwrite.
    let short = ["--prompt", "The", "--output", "texts.csv"];
    let ok = |args: &[&str]| assert!(run(dir, args).status.success(), "{args:?}");
    let header = journal.split_inclusive(|&byte| byte == b'\n').next().unwrap();
    fs::write(&partial, header).unwrap();
    ok(&short);
    fs::write(&partial, &journal).unwrap();
    ok(&[&short[..], &["--overwrite"]].concat());
    assert!(!partial.exists());
}

#[test]
fn a_file_that_is_not_a_journal_is_rejected_and_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (_, journal) = uninterrupted(dir, "texts.csv");
    let header = journal.split_inclusive(|&byte| byte == b'\n').next().unwrap();
    let partial = dir.join("texts.csv.partial");
    fs::remove_file(dir.join("texts.csv")).unwrap();
    let entry = serde_json::json!({ "prompt": 9999, "texts": [[1]] });
    let spoiled = format!("{}\n", align_base::files::checksummed_line("align journal: entry", &entry).unwrap());
    let spoiled = [header, spoiled.as_bytes()].concat();
    let earlier = *b"{\"align_journal\":1,\"job\":{}}\n{\"prompt\":0,\"texts\":[[1]]}\n";
    fs::write(&partial, earlier).unwrap();
    let message = refusal(dir, &args("texts.csv", &[]));
    assert!(message.contains("texts.csv.partial") && message.contains("earlier version"), "{message}");
    assert!(fs::read(&partial).unwrap() == earlier);
    for (content, message_part) in [
        (&b"my notes"[..], "is not a journal"),
        (b"\n", "is not a journal"),
        (b"{\"value\":{\"align_journal\":2,\"job\":no\n", "line 1: damaged"),
        (&spoiled, "line 2: damaged: expected one of 322 prompts with 1 texts, found prompt 9999"),
    ] {
        fs::write(&partial, content).unwrap();
        let message = refusal(dir, &args("texts.csv", &["--overwrite"]));
        assert!(message.contains("texts.csv.partial") && message.contains(message_part), "{message}");
        assert!(fs::read(&partial).unwrap() == content);
    }
}

#[test]
fn ctrl_c_saves_finished_batches() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (whole, _) = uninterrupted(dir, "whole.csv");
    let mut child = start(dir, "texts.csv");
    wait_for_lines(dir, "texts.csv", 40, &mut child);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let ended = child.wait().unwrap();
    let mut message = String::new();
    child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert_eq!(ended.code(), Some(130), "{message}");
    for part in ["stopping", "of 322 texts", "texts.csv.partial", "continue with\n  align generate "] {
        assert!(message.contains(part), "{message} lacks {part}");
    }
    assert!(!dir.join("texts.csv").exists());
    let journal = fs::read(dir.join("texts.csv.partial")).unwrap();
    assert!(journal.ends_with(b"\n"), "the last batch was cut");
    finish(dir, "texts.csv");
    assert!(fs::read(dir.join("texts.csv")).unwrap() == whole);
}

/// Simulates a full disk with a file size limit.
#[test]
fn a_full_disk_is_an_error_and_the_job_can_be_continued() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (whole, journal) = uninterrupted(dir, "whole.csv");
    let blocks = journal.len() / 512 / 2;
    let generate = generate(dir, &args("texts.csv", &[]));
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    shell.arg(generate.get_program()).args(generate.get_args()).current_dir(dir).env("OMP_NUM_THREADS", "1");
    let ended = shell.output().unwrap();
    let message = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{message}");
    for part in ["texts.csv.partial", "File too large", "free disk space", "run the same command again"] {
        assert!(message.contains(part), "{message} lacks {part}");
    }
    let held = fs::read(dir.join("texts.csv.partial")).unwrap();
    assert!(held.len() > journal.len() / 4 && journal.starts_with(&held), "{} bytes", held.len());
    finish(dir, "texts.csv");
    assert!(fs::read(dir.join("texts.csv")).unwrap() == whole);
}
