use crate::pseudo_terminal::{PseudoTerminal, has_bar};
use crate::support::{command, golden_path, run};
use std::path::Path;
use std::process::Command;

/// A run of many short steps.
const LONG_RUN: &str = "--output-dir run --max-steps 2000 --per-device-train-batch-size 2 --device cpu";

fn dpo(dir: &Path, options: &str) -> Command {
    let data = golden_path("train.jsonl");
    let args: Vec<&str> = ["--train-file", &data].into_iter().chain(options.split_whitespace()).collect();
    command("dpo", dir, &args)
}

#[test]
fn an_interrupted_bar_stays_and_the_printed_command_continues_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let mut terminal = PseudoTerminal::start(dpo(dir.path(), LONG_RUN));
    terminal.wait_for("/2000 steps");
    terminal.interrupt();
    let (status, rows) = terminal.finish();
    assert_eq!(status.code(), Some(130), "{rows:#?}");
    let bars: Vec<&String> = rows.iter().filter(|row| has_bar(row)).collect();
    assert!(matches!(&bars[..], [bar] if bar.starts_with("training") && bar.contains("loss")), "{rows:#?}");
    let stopped = rows.iter().position(|row| row.starts_with("stopped after step")).expect("a message");
    assert!(!rows[stopped..].iter().any(|row| has_bar(row)), "{rows:#?}");
    let printed = rows[stopped + 1].trim().strip_prefix("align ").expect("a command");
    let mut words = printed.split(' ');
    let (name, args): (&str, Vec<&str>) = (words.next().unwrap(), words.collect());
    let mut resumed = Command::new(env!("CARGO_BIN_EXE_align"));
    resumed.arg(name).args(args).current_dir(dir.path());
    let mut terminal = PseudoTerminal::start(resumed);
    terminal.wait_for("resuming from");
    terminal.interrupt();
    assert_eq!(terminal.finish().0.code(), Some(130));
}

#[test]
fn a_finished_run_is_not_trained_again_and_an_adapter_is_merged_next() {
    let dir = tempfile::tempdir().unwrap();
    let model = golden_path("models/gpt2-tiny");
    let first =
        dpo(dir.path(), &format!("--model {model} --use-peft --output-dir run --max-steps 2")).output().unwrap();
    let text = String::from_utf8(first.stdout).unwrap();
    let weights =
        || std::fs::metadata(dir.path().join("run/model/adapter_model.safetensors")).unwrap().modified().unwrap();
    let before = weights();
    let again = run("dpo", dir.path(), &["--output-dir", "run", "--resume", "--model", &model]);
    assert!(String::from_utf8(again.stdout).unwrap().contains("this run is finished; its model is in run/model"));
    assert_eq!(weights(), before);
    let next = text.lines().last().unwrap().strip_prefix("  align merge-adapter ").unwrap_or_else(|| panic!("{text}"));
    let merged = run("merge-adapter", dir.path(), &next.split(' ').collect::<Vec<_>>());
    assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));
    assert!(dir.path().join("run/merged/model.safetensors").exists());
}

#[test]
fn a_finished_run_says_what_it_wrote_and_what_to_type_next() {
    let dir = tempfile::tempdir().unwrap();
    let data = golden_path("train.jsonl");
    let options = format!("--eval-file {data} --output-dir run --max-steps 4 --eval-strategy steps --eval-steps 2");
    let (status, rows) = PseudoTerminal::start(dpo(dir.path(), &options)).finish();
    assert!(status.success(), "{rows:#?}");
    for part in
        ["evaluation at step 2: loss", "trained 4 steps in", "  evaluation: loss", "written to run:", "report.html"]
    {
        assert!(rows.iter().any(|row| row.contains(part)), "{part}: {rows:#?}");
    }
    let next = rows.last().unwrap().strip_prefix("  align generate ").expect("a next command");
    let args: Vec<String> = next.split('"').enumerate().flat_map(words).collect();
    let output = run("generate", dir.path(), &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("The film"));
}

/// The words of every second part of a command, and the others, which are quoted, as they are.
fn words((index, part): (usize, &str)) -> Vec<String> {
    if index % 2 == 1 { vec![part.to_owned()] } else { part.split_whitespace().map(str::to_owned).collect() }
}

#[test]
fn quiet_leaves_only_results_and_json_goes_to_standard_error() {
    let dir = tempfile::tempdir().unwrap();
    let (status, rows) = PseudoTerminal::start(dpo(dir.path(), "--output-dir quiet --max-steps 2 --quiet")).finish();
    assert!(status.success() && rows.is_empty(), "{rows:#?}");

    let options = "--output-dir json --max-steps 4 --logging-steps 2 --log-format json";
    let output = dpo(dir.path(), options).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty());
    let events: Vec<serde_json::Value> = String::from_utf8(output.stderr)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    let steps: Vec<i64> =
        events.iter().filter(|event| event["event"] == "step").filter_map(|event| event["step"].as_i64()).collect();
    assert_eq!(steps, [2, 4]);
    let finished = events.last().unwrap();
    assert!(finished["event"] == "finished" && finished["model"] == "json/model", "{finished}");
    assert_eq!(finished["steps"], 4);
    // The figures of the log are those of the metrics file, with all digits.
    let metrics = std::fs::read_to_string(dir.path().join("json/metrics.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let logged: Vec<&serde_json::Value> = events.iter().filter(|event| event["event"] == "step").collect();
    assert_eq!(logged.len(), lines.len());
    assert!(logged.iter().zip(&lines).all(|(event, line)| event["loss"] == line["loss"]), "{events:#?}");
}

#[test]
fn without_a_terminal_each_logging_step_is_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let output = dpo(dir.path(), "--output-dir run --max-steps 5 --logging-steps 2").output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let steps: Vec<&str> = log.lines().filter_map(|line| line.split_once(": loss").map(|(step, _)| step)).collect();
    assert_eq!(steps, ["step 2/5", "step 4/5", "step 5/5"], "{log}");
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = golden_path("train.jsonl");
    let rows = std::fs::read_to_string(&data).unwrap().lines().count();
    let options =
        "--output-dir run --dry-run --num-train-epochs 2 --per-device-train-batch-size 4 --precompute-ref-log-probs";
    let output = dpo(dir.path(), options).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let steps = 2 * rows.div_ceil(4);
    for part in [format!("{rows} rows"), format!("{steps}, {} per epoch", steps / 2), "about".into(), "free".into()] {
        assert!(text.contains(&part), "no {part:?} in {text}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);

    // What would fail later fails now.
    assert!(dpo(dir.path(), "--output-dir run --max-steps 1").output().unwrap().status.success());
    let again = dpo(dir.path(), "--output-dir run --max-steps 1 --dry-run").output().unwrap();
    assert!(String::from_utf8(again.stderr).unwrap().contains("already contains a run"));
}
