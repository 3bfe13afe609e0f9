//! Spellings of options, config files, `--resume` alone, completion scripts and manual pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use support::{command, run};

const PAIR: &str = "{\"prompt\": \"This movie\", \"chosen\": \" was great\", \"rejected\": \" was bad\"}\n";

fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::str::from_utf8(&output.stdout).unwrap()
}

fn recorded(dir: &Path, run: &str) -> toml::Table {
    fs::read_to_string(dir.join(run).join("config.toml")).unwrap().parse().unwrap()
}

#[test]
fn options_may_be_spelled_with_underscores_and_values_stay() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("my_texts.csv"), "prompt,text,score\nA,A joy,1\nA,A bore,0\n").unwrap();
    let args = ["--input", "my_texts.csv", "--output=my_pairs.jsonl", "--pairs_per_prompt=1"];
    stdout(&run("pair", dir.path(), &args));
    assert!(dir.path().join("my_pairs.jsonl").exists());
}

#[test]
fn a_yaml_config_is_read_like_a_toml_config() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("pairs.jsonl"), PAIR.repeat(4)).unwrap();
    let yaml = "train_file: pairs.jsonl\nlearning_rate: 1e-5\neval_strategy: no\nloss_type: [hinge, sft]\n\
                ref_model: null\nuse_weighting: false\nprecompute-ref-log-probs: true\nmax_steps: 1\nseed: 7\n";
    fs::write(dir.path().join("run.yaml"), yaml).unwrap();
    stdout(&run("dpo", dir.path(), &["--config", "run.yaml", "--output-dir", "run", "--seed", "8"]));
    let options = recorded(dir.path(), "run");
    assert_eq!(options["learning_rate"].as_float(), Some(1e-5));
    assert_eq!(options["loss_type"].as_array().unwrap().len(), 2);
    assert_eq!(options["precompute_ref_log_probs"].as_bool(), Some(true));
    assert_eq!(options["seed"].as_integer(), Some(8), "the command line overrides the file");
    assert_eq!(options["command"].as_str(), Some("dpo"));
}

/// A run of four steps that ended after the second.
fn interrupted_run(dir: &Path) {
    fs::write(dir.join("pairs.jsonl"), PAIR.repeat(8)).unwrap();
    let args = [
        "--train-file",
        "pairs.jsonl",
        "--output-dir",
        "run",
        "--max-steps",
        "4",
        "--save-strategy",
        "steps",
        "--save-steps",
        "2",
        "--per-device-train-batch-size",
        "2",
        "--beta",
        "0.3",
        "--loss-type",
        "sigmoid,sft",
    ];
    stdout(&run("dpo", dir, &args));
    fs::remove_dir_all(dir.join("run/checkpoint-4")).unwrap();
    fs::remove_dir_all(dir.join("run/model")).unwrap();
}

/// Runs a command without the options that other tests add.
fn plain(dir: &Path, args: &[&str]) -> Output {
    let program = command("help", dir, &[]);
    let environment = program.get_envs().filter_map(|(name, value)| Some((name, value?)));
    Command::new(program.get_program()).args(args).current_dir(dir).envs(environment).output().unwrap()
}

#[test]
fn resume_takes_the_options_of_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    interrupted_run(dir);
    let before = recorded(dir, "run");
    let failure = |args: &[&str], from: &Path| {
        let output = plain(from, args);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let other = failure(&["cpo", "--output-dir", "run", "--resume"], dir);
    assert!(other.contains("run/config.toml") && other.contains("align dpo"), "{other}");
    let differs = failure(&["dpo", "--output-dir", "run", "--resume", "--beta", "0.4"], dir);
    assert!(differs.contains("beta") && differs.contains("0.3") && differs.contains("0.4"), "{differs}");
    let elsewhere = dir.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let moved = failure(&["dpo", "--output-dir", "../run", "--resume"], &elsewhere);
    assert!(moved.contains("relative to the folder where the run was started"), "{moved}");

    let resumed = plain(dir, &["dpo", "--output-dir", "run", "--resume"]);
    assert!(stdout(&resumed).contains("checkpoint-2 at step 2 of 4"), "{resumed:?}");
    assert_eq!(recorded(dir, "run"), before);

    fs::remove_dir_all(dir.join("run/model")).unwrap();
    let with_file = ["dpo", "--output-dir", "../run", "--resume", "--train_file", "../pairs.jsonl"];
    stdout(&plain(&elsewhere, &with_file));
}

#[test]
fn the_program_alone_prints_its_help() {
    let dir = tempfile::tempdir().unwrap();
    let alone = plain(dir.path(), &[]);
    assert_eq!(alone.status.code(), Some(2));
    assert_eq!(String::from_utf8(alone.stderr).unwrap(), stdout(&plain(dir.path(), &["-h"])));
}

#[test]
fn completion_scripts_are_valid() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run("completions", dir.path(), &[shell]);
        let script = stdout(&output);
        assert!(script.contains("train-classifier") && script.contains("learning-rate"), "{shell}");
    }
    let script = run("completions", dir.path(), &["bash"]).stdout;
    fs::write(dir.path().join("align.bash"), script).unwrap();
    if let Ok(checked) = Command::new("bash").arg("-n").arg(dir.path().join("align.bash")).output() {
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}

#[test]
fn manual_pages_describe_every_option() {
    let dir = tempfile::tempdir().unwrap();
    assert!(stdout(&run("man", dir.path(), &[])).starts_with(".ie"));
    stdout(&run("man", dir.path(), &["--output-dir", "man"]));
    assert!(dir.path().join("man/align.1").exists());
    for name in ["dpo", "generate", "evaluate", "completions"] {
        let page = fs::read_to_string(dir.path().join(format!("man/align-{name}.1"))).unwrap().replace("\\-", "-");
        let help = run("help", dir.path(), &[name]);
        let options = stdout(&help).lines().filter_map(|line| line.strip_prefix("      --"));
        for option in options.filter_map(|option| option.split([' ', ',']).next()) {
            assert!(page.contains(&format!("--{option}")), "align-{name}.1 lacks --{option}");
        }
    }
}

#[test]
fn losses_and_metrics_fit_a_terminal_and_have_a_json_form() {
    let dir = tempfile::tempdir().unwrap();
    for (name, args) in [("losses", &[][..]), ("losses", &["simpo"]), ("metrics", &[])] {
        let output = run(name, dir.path(), args);
        for line in stdout(&output).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
    let list = |name: &str, args: &[&str]| -> Vec<serde_json::Value> {
        serde_json::from_str(stdout(&run(name, dir.path(), args))).unwrap()
    };
    let losses = list("losses", &["--json"]);
    // 22 of dpo, 6 of cpo, 3 of kto.
    assert_eq!(losses.len(), 31);
    assert!(losses.iter().all(|loss| loss["formula"].as_str().is_some_and(|formula| !formula.is_empty())));
    assert_eq!(list("losses", &["hinge", "--json"]).len(), 2, "of dpo and of cpo");
    assert!(list("metrics", &["--json"]).iter().any(|metric| metric["names"][0] == "likelihood_displacement"));
}
