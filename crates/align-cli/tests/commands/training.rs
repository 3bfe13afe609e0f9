//! Training runs.

use crate::support::golden_path;
use crate::{lines, ok};

#[test]
fn a_training_run_and_its_resume() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let data = golden_path("train.jsonl");
    std::fs::write(
        dir.join("run.toml"),
        "loss_type = \"hinge\"\nlearning_rate = 1e-3\nmax_steps = 6\neval_strategy = \"steps\"\neval_steps = 3\n\
         save_strategy = \"steps\"\nsave_steps = 2\nlogging_steps = 2\n",
    )
    .unwrap();
    std::fs::write(dir.join("prompts.txt"), "The\n").unwrap();
    let base = ["--config", "run.toml", "--train-file", &data, "--eval-file", &data, "--sample-prompts", "prompts.txt"];
    let with = |more: &[&str]| ok("dpo", dir, &[base.as_slice(), more].concat());
    with(&["--output-dir", "whole", "--save-total-limit", "2"]);
    let whole = dir.join("whole");
    let metrics = lines(&whole.join("metrics.jsonl"));
    let steps: Vec<u64> =
        metrics.iter().filter(|row| row["loss"].is_f64()).map(|row| row["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [2, 4, 6]);
    assert_eq!(metrics.iter().filter(|row| row["eval_rewards/accuracies"].is_f64()).count(), 2);
    let sampled: Vec<u64> =
        lines(&whole.join("samples.jsonl")).iter().map(|sample| sample["step"].as_u64().unwrap()).collect();
    assert_eq!(sampled, [0, 3, 6]);
    assert!(!whole.join("checkpoint-2").exists() && whole.join("checkpoint-6").exists());

    // The config.toml of a run works as its --config.
    ok(
        "dpo",
        dir,
        &["--config", "whole/config.toml", "--train-file", &data, "--eval-file", &data, "--output-dir", "again"],
    );
    let model = |run: &str| std::fs::read(dir.join(run).join("model/model.safetensors")).unwrap();
    assert!(model("again") == model("whole"));

    // Without its last checkpoints the run resumes from step 2 and gives the same result.
    for step in [4, 6] {
        std::fs::remove_dir_all(dir.join("again").join(format!("checkpoint-{step}"))).ok();
    }
    with(&["--output-dir", "resumed"]);
    for step in [4, 6] {
        std::fs::remove_dir_all(dir.join("resumed").join(format!("checkpoint-{step}"))).unwrap();
    }
    std::fs::remove_dir_all(dir.join("resumed/model")).unwrap();
    with(&["--output-dir", "resumed", "--resume"]);
    assert!(model("resumed") == model("whole"));
    let steps = |run: &str| {
        lines(&dir.join(run).join("metrics.jsonl")).iter().map(|row| row["step"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(steps("resumed"), steps("whole"));
    let samples = |run: &str| std::fs::read_to_string(dir.join(run).join("samples.jsonl")).unwrap();
    assert_eq!(samples("resumed"), samples("whole"));

    // The report has the curves of both processes.
    let page = |run: &str| std::fs::read_to_string(dir.join(run).join("report.html")).unwrap();
    for part in ["<svg", "Reward margin", "held-out rows", "loss_type", "learning_rate", "hinge"] {
        assert!(page("whole").contains(part), "{part} is not in the report");
    }
    // All results but the times are equal.
    let results = |run: &str| {
        let page = page(run);
        let results = page.split_once("id=\"configuration\"").unwrap().0;
        let parts = results.split("<figure").filter(|part| !part.contains("Wall-clock time")).map(str::to_owned);
        parts.collect::<Vec<_>>()
    };
    assert!(results("resumed") == results("whole") && page("whole").contains("Wall-clock time"));
    assert!(page("resumed").contains("The run was resumed after step 2"));
}

#[test]
fn kto_cpo_and_variants_of_dpo_are_trained() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (pairs, labelled) = (golden_path("train.jsonl"), golden_path("train_kto.jsonl"));
    let runs = [
        ("kto", &labelled, vec!["--loss-type", "kto", "--desirable-weight", "1.2"], "kl"),
        ("kto", &labelled, vec!["--loss-type", "bco"], "delta"),
        ("kto", &pairs, vec!["--loss-type", "apo_zero_unpaired"], "log_ratios/chosen"),
        ("cpo", &pairs, vec!["--loss-type", "simpo", "--beta", "2", "--cpo-alpha", "0"], "rewards/margins"),
        ("cpo", &pairs, vec!["--loss-type", "orpo"], "log_odds_ratio"),
        ("dpo", &pairs, vec!["--loss-type", "sigmoid,sft", "--loss-weights", "1,0.1"], "likelihood_displacement"),
        ("dpo", &pairs, vec!["--beta-dpo-alpha", "0.6", "--f-divergence-type", "chi_squared"], "beta"),
    ];
    for (number, (command, data, options, metric)) in runs.into_iter().enumerate() {
        let out = format!("run-{number}");
        let base = ["--train-file", data, "--output-dir", &out, "--max-steps", "2", "--logging-steps", "1"];
        ok(command, dir, &[base.as_slice(), &options].concat());
        let steps = lines(&dir.join(&out).join("metrics.jsonl"));
        assert_eq!(steps.len(), 2, "{command} {options:?}");
        assert!(steps.iter().all(|step| step[metric].is_f64()), "{command} {options:?}: {steps:?}");
        assert!(dir.join(&out).join("model/model.safetensors").exists());
    }
}
