//! `frontier`: a killed sweep gives the same bytes as an uninterrupted one; invalid options are rejected.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Two losses at two betas on the tiny models, few and short texts.
fn frontier(dir: &Path, output: &str, more: &[&str]) -> Command {
    let (model, reward_model) =
        (support::golden_path("models/gpt2-tiny"), support::golden_path("models/distilbert-tiny"));
    let mut args = vec!["--output-dir", output, "--model", &model, "--reward-model", &reward_model];
    args.extend(["--texts-per-prompt", "2", "--training-texts-per-prompt", "3", "--pairs-per-prompt", "2"]);
    args.extend(["--num-train-epochs", "1"]);
    for [option, value] in [["--losses", "sigmoid,hinge"], ["--betas", "0.1,1"], ["--max-new-tokens", "8"]] {
        if !more.contains(&option) {
            args.extend([option, value]);
        }
    }
    args.extend(more);
    let mut command = support::command("frontier", dir, &args);
    // Tests run in parallel on the same processors.
    command.env("OMP_NUM_THREADS", "1");
    command
}

fn refusal(mut command: Command) -> String {
    let ended = command.output().unwrap();
    assert!(!ended.status.success());
    String::from_utf8(ended.stderr).unwrap()
}

fn finish(mut command: Command) {
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn a_killed_sweep_ends_with_the_same_csv() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    finish(frontier(dir, "whole", &[]));
    let csv = fs::read_to_string(dir.join("whole/frontier.csv")).unwrap();

    let mut child = frontier(dir, "killed", &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !dir.join("killed/points/sigmoid-beta-1.json").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its first point");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.join("killed/frontier.csv").exists());
    finish(frontier(dir, "killed", &[]));
    assert_eq!(fs::read_to_string(dir.join("killed/frontier.csv")).unwrap(), csv);

    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        rows.iter().map(|row| row[..2].join(" ")).collect::<Vec<_>>(),
        ["loss beta", "SFT ", "sigmoid 1", "sigmoid 0.1", "hinge 1", "hinge 0.1"]
    );
    let at = |name: &str| rows[0].iter().position(|column| *column == name).unwrap();
    for name in ["kl_policy_reference", "kl_reference_policy", "kl_policy_reference_k1", "kl_policy_reference_se"] {
        assert_eq!(rows[1][at(name)], "0", "{name}");
    }
    for row in &rows[2..] {
        assert_eq!(row.len(), rows[0].len());
        let number = |name: &str| row[at(name)].parse::<f64>().unwrap();
        assert!(number("kl_policy_reference") > 0.0 && number("kl_reference_policy") > 0.0);
        assert!(number("reward_low") <= number("reward") && number("reward") <= number("reward_high"));
    }
    for name in ["reward_against_kl", "reward_against_entropy"] {
        assert!(fs::read(dir.join(format!("whole/{name}.png"))).unwrap().starts_with(b"\x89PNG"));
        assert!(fs::read_to_string(dir.join(format!("whole/{name}.svg"))).unwrap().starts_with("<svg"));
    }
    assert!(fs::read_to_string(dir.join("whole/report.html")).unwrap().contains("hinge, β = 0.1"));

    let problem = refusal(frontier(dir, "whole", &["--learning-rate", "0.001"]));
    assert!(
        problem.contains("another sweep") && problem.contains("learning_rate was 0.00003, is now 0.001"),
        "{problem}"
    );
    let problem = refusal(frontier(dir, "whole", &["--score", "log-odds:POSITIVE"]));
    let differs = "score was \"minus-logit:NEGATIVE\", is now \"log-odds:POSITIVE\"";
    assert!(problem.contains("another sweep") && problem.contains(differs), "{problem}");
    assert!(fs::read_to_string(dir.join("whole/report.html")).unwrap().contains("minus-logit:NEGATIVE"));
}

/// Two judges of the words of a text, two rules and one soup on the tiny model.
fn between_judges(dir: &Path, output: &str, more: &[&str]) -> Command {
    let model = support::golden_path("models/gpt2-tiny");
    let mut args = vec!["--output-dir", output, "--model", &model, "--max-new-tokens", "8", "--num-train-epochs", "1"];
    args.extend(["--texts-per-prompt", "2", "--training-texts-per-prompt", "3", "--pairs-per-prompt", "2"]);
    let judges = ["--judge", "short=words:5", "--judge", "varied=distinct:1"];
    args.extend(if more.contains(&"--judge") { &[][..] } else { &judges });
    for [option, value] in [["--rules", "borda,threshold:short>=-1"], ["--soup-steps", "2"]] {
        if !more.contains(&option) {
            args.extend([option, value]);
        }
    }
    args.extend(more);
    let mut command = support::command("frontier", dir, &args);
    command.env("OMP_NUM_THREADS", "1");
    command
}

#[test]
fn a_killed_sweep_between_judges_ends_with_the_same_csv() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    finish(between_judges(dir, "whole", &[]));
    let csv = fs::read_to_string(dir.join("whole/frontier.csv")).unwrap();
    let names: Vec<&str> = csv.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(names[..4], ["SFT", "short alone", "varied alone", "borda"]);
    assert_eq!((names.len(), names[5]), (6, "soup 1:1"));
    let page = fs::read_to_string(dir.join("whole/report.html")).unwrap();
    assert!(page.contains("Kendall") && page.contains("words:5") && page.contains("Hypervolume"));
    assert!(fs::read_to_string(dir.join("whole/judges_1_2.svg")).unwrap().starts_with("<svg"));

    let mut child = between_judges(dir, "killed", &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !dir.join("killed/points/judge-2.json").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its second policy");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    finish(between_judges(dir, "killed", &[]));
    assert_eq!(fs::read_to_string(dir.join("killed/frontier.csv")).unwrap(), csv);

    let problem = refusal(between_judges(dir, "whole", &["--judge", "short=words:6", "--judge", "varied=distinct:1"]));
    assert!(problem.contains("another sweep") && problem.contains("words:6"), "{problem}");
}

#[test]
fn invalid_options_are_rejected_before_any_work() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for (more, part) in [
        (&["--betas", "0.1,0.1"][..], "has 0.1 twice"),
        (&["--betas", "0"], "expected a finite number above 0"),
        (&["--losses", "sigmoid,hinje"], "did you mean hinge?"),
        (&["--losses", "nca_pair+js_divergence"], "nca_pair"),
        (&["--losses", "sigmoid,sigmoid"], "sigmoid occurs twice"),
        (&["--betas-for", "ipo=1,2"], "not among --losses"),
        (&["--betas-for", "sigmoid=1", "--betas-for", "hinge=1"], "--betas has no effect"),
        (&["--quick"], "--betas conflicts with --quick"),
        (&["--max-new-tokens", "100000"], "--max-new-tokens is 100000"),
    ] {
        let problem = refusal(frontier(dir, "refused", more));
        assert!(problem.contains(part), "{more:?}: {problem}");
        assert!(!dir.join("refused").exists(), "{more:?}");
    }
    for (more, part) in [
        (&["--judge", "short=words:5"][..], "--judge is given once"),
        (&["--judge", "a=words:5", "--judge", "a=words:6"], "two judges have this name"),
        (&["--judge", "a,b=words:5", "--judge", "a=words:6"], "the name of a judge has no commas"),
        (&["--judge", "a =words:5", "--judge", "a=words:6"], "nor spaces at its ends"),
        (&["--judge", "a=words:0", "--judge", "b=words:6"], "expected words:N or distinct:N"),
        (&["--losses", "sigmoid,hinge"], "--losses has 2 values, but with --judge all policies have one"),
        (&["--betas", "0.1,1"], "--betas has 2 values"),
        (&["--rules", "shultze"], "did you mean schulze?"),
        (&["--rules", "borda,borda"], "--rules has borda twice"),
        (&["--rules", "threshold:safe>=1"], "safe"),
        (&["--judge-weights", "1,2,3"], "judge"),
        (&["--judge-weights", "0,0"], "found 0 for all judges"),
        (&["--soup-steps", "1000"], "expected at most 100"),
        (&["--reward-model", "x"], "--reward-model"),
    ] {
        let problem = refusal(between_judges(dir, "refused", more));
        assert!(problem.contains(part), "{more:?}: {problem}");
        assert!(!dir.join("refused").exists(), "{more:?}");
    }
    for [option, value] in [["--rules", "borda"], ["--soup-steps", "1"], ["--judge-weights", "1"]] {
        let problem = refusal(frontier(dir, "refused", &[option, value]));
        assert!(problem.contains("--judge"), "{option}: {problem}");
    }
    fs::create_dir(dir.join("mine")).unwrap();
    fs::write(dir.join("mine/notes.txt"), "mine").unwrap();
    let problem = refusal(frontier(dir, "mine", &[]));
    assert!(problem.contains("does not contain a sweep"), "{problem}");
}

/// The results of a sweep's points without their durations.
fn points(folder: &Path) -> Vec<(String, serde_json::Value)> {
    let files = fs::read_dir(folder.join("points")).unwrap().map(|entry| entry.unwrap().path());
    let mut points: Vec<_> = files
        .map(|path| {
            let mut point: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            if let Some(result) = point["value"].as_object_mut() {
                result.remove("seconds");
            }
            (path.file_name().unwrap().to_string_lossy().into_owned(), point["value"].take())
        })
        .collect();
    points.sort_by(|a, b| a.0.cmp(&b.0));
    points
}

/// Runs a sweep on one process, and on more that share out its points.
fn assert_shared(sweep: impl Fn(&str, &[&str]) -> Command, dir: &Path, outputs: &[&str]) {
    let run = |processes: usize| {
        let (output, count) = (format!("shared-{processes}"), processes.to_string());
        finish(sweep(&output, &["--nproc-per-node", &count]));
        dir.join(output)
    };
    let one = run(1);
    let read = |folder: &Path, name: &str| fs::read(folder.join(name)).unwrap();
    for processes in [2, 3] {
        let folder = run(processes);
        for name in outputs {
            assert!(read(&folder, name) == read(&one, name), "{name} with {processes} processes");
        }
        assert_eq!(points(&folder), points(&one), "{processes} processes");
    }
}

#[test]
fn processes_share_out_the_points() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let outputs = ["frontier.csv", "reward_against_kl.svg", "reward_against_entropy.png"];
    assert_shared(|output, more| frontier(dir, output, more), dir, &outputs);
    // A sweep in which two processes were stopped continues with three.
    let shared = |processes| frontier(dir, "killed", &["--nproc-per-node", processes]);
    let mut child = shared("2").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    while !dir.join("killed/points/sigmoid-beta-1.json").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before its first point");
        std::thread::sleep(Duration::from_millis(1));
    }
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.code(), said.matches("stopped after").count()), (Some(130), 1), "{said}");
    finish(shared("3"));
    let csv = |output: &str| fs::read_to_string(dir.join(output).join("frontier.csv")).unwrap();
    assert_eq!(csv("killed"), csv("shared-1"));
}

#[test]
fn processes_share_out_the_policies_between_judges() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let sweep = |output: &str, more: &[&str]| between_judges(dir, output, &[&["--soup-steps", "3"], more].concat());
    assert_shared(sweep, dir, &["frontier.csv", "judges_1_2.svg"]);
}
