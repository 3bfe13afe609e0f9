//! Processes that are started one by one, each with the variables that say which it is.

use crate::support::golden_path;
use crate::training::{as_rank, dpo, error_lines, errors, free_port, start, succeed};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use tch::Tensor;

/// Starts two ranks with options of their own, and returns how they ended.
fn two_ranks(dir: &Path, options: [&[&str]; 2]) -> [Output; 2] {
    let port = free_port();
    let ranks = [0, 1].map(|rank| start(&mut as_rank(dpo(dir, "run", options[rank]), rank, 2, port)));
    ranks.map(|rank| rank.wait_with_output().unwrap())
}

/// Asserts that two ranks that differ in their options both end with this error, before anything is written.
fn assert_refused(dir: &Path, options: [&[&str]; 2], expected: &str) {
    for (rank, output) in two_ranks(dir, options).iter().enumerate() {
        let message = errors(output);
        assert_eq!(output.status.code(), Some(1), "rank {rank}: {message}");
        let lines = error_lines(&message);
        assert!(lines.len() == 1 && lines[0].contains(expected), "rank {rank}: expected {expected:?}: {message}");
    }
    assert!(!dir.join("run/metrics.jsonl").exists());
}

/// The tests' tiny model with another value of a weight.
fn write_changed_model(dir: &Path) {
    let tiny = golden_path("models/gpt2-tiny");
    fs::create_dir(dir.join("changed")).unwrap();
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json"] {
        fs::copy(format!("{tiny}/{file}"), dir.join("changed").join(file)).unwrap();
    }
    let mut weights = Tensor::read_safetensors(format!("{tiny}/model.safetensors")).unwrap();
    let (_, weight) = weights.iter_mut().find(|(name, _)| name.ends_with("ln_f.bias")).unwrap();
    let _ = weight.get(0).fill_(0.125);
    Tensor::write_safetensors(&weights, dir.join("changed/model.safetensors")).unwrap();
}

#[test]
fn ranks_that_differ_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_changed_model(dir);
    let rows = fs::read_to_string(golden_path("train.jsonl")).unwrap();
    let all: Vec<&str> = rows.lines().collect();
    fs::write(dir.join("fewer.jsonl"), all[1..].join("\n")).unwrap();
    fs::write(dir.join("reversed.jsonl"), all.iter().rev().copied().collect::<Vec<_>>().join("\n")).unwrap();
    let eval = golden_path("train.jsonl");
    let evaluates = ["--eval-file", &eval, "--eval-strategy", "steps"];
    let every = |steps| [&evaluates[..], &["--eval-steps", steps]].concat();
    let advice = "start all with the same options, files and versions";
    assert_refused(
        dir,
        [&["--seed", "1"], &["--seed", "2"]],
        &format!("seed is 1 in rank 0 and 2 in rank 1: {advice}"),
    );
    assert_refused(dir, [&[], &["--beta", "0.5"]], "beta is 0.1 in rank 0 and 0.5 in rank 1");
    assert_refused(dir, [&[], &["--save-steps", "5"]], "--save-steps is 2 in rank 0 and 5 in rank 1");
    assert_refused(dir, [&every("3"), &every("4")], "--eval-steps is 3 in rank 0 and 4 in rank 1");
    assert_refused(
        dir,
        [&["--eval-file", &eval], &[]],
        "--eval-file is \"given\" in rank 0 and \"not given\" in rank 1",
    );
    assert_refused(dir, [&[], &["--resume"]], "resume is \"not given\" in rank 0 and \"given\" in rank 1");
    assert_refused(dir, [&[], &["--use-peft"]], "peft is \"not given\" in rank 0 and \"given\" in rank 1");
    let fewer = ["--train-file", "fewer.jsonl", "--precompute-ref-log-probs"];
    let all = ["--precompute-ref-log-probs"];
    assert_refused(dir, [&all, &fewer], "count of the training rows is 96 in rank 0 and 95 in rank 1");
    assert_refused(dir, [&[], &["--train-file", "reversed.jsonl"]], "digest of the training rows is ");
    assert_refused(dir, [&["--eval-file", &eval], &["--eval-file", "fewer.jsonl"]], "count of the evaluation rows is ");
    assert_refused(
        dir,
        [&[], &["--model", "changed"]],
        "weight transformer.ln_f.bias is another one in rank 1 than in",
    );
    assert_refused(dir, [&[], &["--dtype", "bfloat16"]], "dtype is \"float32\" in rank 0 and \"bfloat16\" in rank 1");
    // The same options are not refused.
    let [first, second] = two_ranks(dir, [&[], &[]]);
    assert!(first.status.success() && second.status.success(), "{}{}", errors(&first), errors(&second));
    // Only rank 0 prints.
    assert!(!first.stdout.is_empty() && second.stdout.is_empty() && second.stderr.is_empty());
}

#[test]
fn a_damaged_checkpoint_ends_all_ranks() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeed(&mut dpo(dir, "run", &[]));
    fs::remove_file(dir.join("run/report.html")).unwrap();
    fs::remove_file(dir.join("run/checkpoint-12/optimizer.safetensors")).unwrap();
    for (rank, output) in two_ranks(dir, [&[], &[]]).iter().enumerate() {
        let message = errors(output);
        assert_eq!(output.status.code(), Some(1), "rank {rank}: {message}");
        // The first rank with a problem says it.
        let lines = error_lines(&message);
        assert_eq!(lines.len(), usize::from(rank == 0), "rank {rank}: {message}");
        assert!(lines.iter().all(|line| line.contains("optimizer.safetensors")), "rank {rank}: {message}");
    }
}

#[test]
fn ranks_that_do_not_meet() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port();
    let free = free_port();
    for (rank, address, port, expected) in [
        (0, "127.0.0.1", taken, format!("rank 0 cannot listen on 127.0.0.1:{taken}: another program uses this port")),
        (
            0,
            "192.0.2.1",
            free,
            format!("rank 0 cannot listen on 192.0.2.1:{free}, which is not an address of this machine"),
        ),
        (0, "127.0.0.1", free, "s for all 2 ranks to start, but rank 1 did not".to_owned()),
        (
            1,
            "127.0.0.1",
            free_port(),
            "Check that rank 0 is running, and that MASTER_ADDR and MASTER_PORT are".to_owned(),
        ),
        (
            1,
            "no-such-host.invalid",
            free,
            "rank 1 cannot find the host \"no-such-host.invalid\" of MASTER_ADDR".to_owned(),
        ),
    ] {
        let mut command = as_rank(dpo(dir.path(), "run", &["--ddp-timeout", "1"]), rank, 2, port);
        let output = command.env("MASTER_ADDR", address).env("LOCAL_RANK", "0").output().unwrap();
        let message = errors(&output);
        assert_eq!(output.status.code(), Some(1), "{message}");
        let lines = error_lines(&message);
        assert!(lines.len() == 1 && lines[0].contains(&expected), "expected {expected:?}: {message}");
    }
}
