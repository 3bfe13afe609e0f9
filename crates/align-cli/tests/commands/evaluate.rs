//! Comparison of several files of texts.

use crate::ok;
use crate::support::{golden_path, repository, run};
use std::path::Path;

/// The JSON results of `evaluate` for several files. The table has the same numbers, with fewer digits.
fn evaluate(dir: &Path, args: &[&str]) -> serde_json::Value {
    let out = ok("evaluate", dir, &[args, &["--output", "numbers.json", "--overwrite"]].concat());
    let written = std::fs::read_to_string(dir.join("numbers.json")).unwrap();
    let numbers: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    for file in numbers["files"].as_array().unwrap() {
        let entropy = file["report"]["notebook_entropy"]["value"].as_f64().unwrap();
        assert!(out.contains(&format!("{entropy:.2}")[..4]), "{entropy} is not in\n{out}");
        let tokens = file["report"]["tokens"].to_string();
        let mut rows = out.lines().filter(|line| line.starts_with("Tokens "));
        assert!(rows.any(|row| row.split_whitespace().any(|cell| cell == tokens)), "{tokens} is not in\n{out}");
    }
    // --json prints what --output writes.
    assert_eq!(ok("evaluate", dir, &[args, &["--json"]].concat()), written);
    numbers
}

#[test]
fn numbers_have_the_digits_that_their_intervals_justify() {
    let dir = tempfile::tempdir().unwrap();
    let texts: String = (0..40).map(|row| format!("text {row},{}\n", f64::from(row) / 7.0)).collect();
    std::fs::write(dir.path().join("scored.csv"), format!("text,score\n{texts}")).unwrap();
    let out = ok("evaluate", dir.path(), &["--input", "scored.csv", "--resamples", "200"]);
    // The mean is 39 / 14, and its interval about 1 wide.
    assert!(out.lines().any(|line| line.starts_with("Mean reward") && line.contains(" 2.79 ")), "{out}");
    let digits = |word: &str| word.chars().filter(char::is_ascii_digit).count();
    assert!(out.split_whitespace().all(|word| digits(word) <= 6), "{out}");
    let json = ok("evaluate", dir.path(), &["--input", "scored.csv", "--resamples", "200", "--json"]);
    assert!(json.contains("2.7857142857142856"), "{json}");
}

#[test]
fn files_with_the_same_name_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["before", "after"] {
        std::fs::create_dir(dir.path().join(folder)).unwrap();
        std::fs::write(dir.path().join(folder).join("scored.csv"), "text,score\nQZ,1\nZQ,3\n").unwrap();
    }
    let out = ok("evaluate", dir.path(), &["--input", "before/scored.csv", "after/scored.csv", "--resamples", "40"]);
    assert!(out.contains("before/scored.csv") && out.contains("after/scored.csv"), "{out}");
}

#[test]
fn several_files_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // Two tokens, equally often: their entropy is log 2.
    std::fs::write(dir.join("few.csv"), "text,score\nQZ,1\nZQ,3\n").unwrap();
    std::fs::write(dir.join("many.jsonl"), "{\"text\": \"QZQZQZ\"}\n".repeat(3)).unwrap();
    for args in [&["--input", "few.csv", "many.jsonl"][..], &["--input", "few.csv", "--input", "many.jsonl"]] {
        let numbers = evaluate(dir, args);
        assert_eq!(numbers["equal_samples"], serde_json::json!({"texts": 2, "tokens": 2}));
        let [few, many] = &numbers["files"].as_array().unwrap()[..] else { panic!("{numbers}") };
        assert_eq!((&few["report"]["tokens"], &many["report"]["tokens"]), (&4.into(), &18.into()));
        assert_eq!(few["report"]["mean_reward"]["value"], 2.0);
        assert!(many["report"]["mean_reward"].is_null());
        let close = |what: &str, found: &serde_json::Value, expected: f64| {
            assert!((found.as_f64().unwrap() - expected).abs() < 1e-12, "{what}: {found}, expected {expected}");
        };
        for file in [few, many] {
            // Four tokens: two types, each of which occurs twice.
            close("plain", &file["equal_samples_entropy"]["value"], 2f64.ln());
            close("Miller-Madow", &file["equal_samples_miller_madow_entropy"]["value"], 2f64.ln() + 1.0 / 8.0);
            close("Chao-Wang-Jost", &file["equal_samples_chao_wang_jost_entropy"]["value"], 1.0 / 2.0 + 1.0 / 3.0);
            close("tokens per text", &file["equal_samples_tokens"], 2.0);
            close("distinct-1", &file["equal_samples_distinct"][0]["value"], 2.0 / 4.0);
        }
        // The bigrams are QZ and ZQ in the first file, and QZ twice in the second.
        close("distinct-2", &few["equal_samples_distinct"][1]["value"], 1.0);
        close("distinct-2", &many["equal_samples_distinct"][1]["value"], 1.0 / 2.0);
        // The bigrams of one text are QZ ZQ QZ ZQ QZ.
        close("distinct-2 in a text", &many["diversity"]["ngrams"][1]["distinct_per_text"], 2.0 / 5.0);
        close("length", &many["diversity"]["mean_length"], 6.0);
    }
    let output =
        run("evaluate", dir, &["--input", "few.csv", "many.jsonl", "--sample-texts", "3", "--sample-tokens", "2"]);
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && problem.contains("few.csv: ") && problem.contains("sample.texts"), "{problem}");
}

/// Eight answers, with rewards from `first` on.
fn answers(first: f64, questions: impl Iterator<Item = usize>) -> String {
    let row = |n: usize| {
        serde_json::json!({
            "prompt": [{"role": "user", "content": format!("Question {n}?")}],
            "completion": [{"role": "assistant", "content": format!("Answer {n}.")}],
            "score": first + n as f64,
        })
    };
    questions.map(|n| format!("{}\n", row(n))).collect()
}

#[test]
fn rewards_on_the_same_prompts_are_compared_row_by_row() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("before.jsonl"), answers(0.0, 0..8)).unwrap();
    std::fs::write(dir.join("after.jsonl"), answers(0.25, 0..8)).unwrap();
    std::fs::write(dir.join("other.jsonl"), answers(0.25, (0..8).rev())).unwrap();
    let args = ["--input", "before.jsonl", "after.jsonl", "other.jsonl", "--columns", "text=completion"];
    let numbers = evaluate(dir, &args);
    let paired = |file: usize| &numbers["files"][file]["against_first"];
    assert!(paired(0).is_null() && paired(2).is_null(), "{numbers}");
    let number = |name: &str| &paired(1)[name];
    assert_eq!((number("prompts"), &number("mean_difference")["value"]), (&8.into(), &0.25.into()));
    // Of the 2^8 combinations of signs, two are as far from 0. The mean of each file varies much more than the difference.
    assert_eq!((&number("win_rate")["value"], number("p_value")), (&1.0.into(), &(2.0 / 256.0).into()));
    let out = ok("evaluate", dir, &args);
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains("Rewards on the same prompts, compared with before.jsonl."), "{out}");
    assert!(
        out.contains("after.jsonl: on the same prompts, the mean reward is higher than that of before.jsonl"),
        "{out}"
    );
    assert!(out.contains("other.jsonl: the mean reward may equal that of before.jsonl"), "{out}");
}

/// Reproduces the notebook's table from its own texts. They are not part of this repository, so the test is skipped without them.
#[test]
fn the_notebooks_table_is_reproduced() {
    let shared = repository().join("../shared");
    let (data, tokenizer) = (shared.join("data/notebook"), shared.join("tokenizers/gpt2"));
    if !data.is_dir() || !tokenizer.is_dir() {
        return;
    }
    let golden = std::fs::read_to_string(golden_path("metrics.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&golden).unwrap();
    let names = ["sft", "hinge", "sigmoid"];
    let files = names.map(|name| data.join(format!("{name}_generated.csv")).to_str().unwrap().to_owned());
    let dir = tempfile::tempdir().unwrap();
    let tokenizer = tokenizer.to_str().unwrap();
    let args = ["--resamples", "40", "--tokenizer", tokenizer, "--input", &files[0], &files[1], &files[2]];
    let numbers = evaluate(dir.path(), &args);
    assert_eq!(numbers["equal_samples"]["texts"], 138);
    for (name, file) in names.into_iter().zip(numbers["files"].as_array().unwrap()) {
        for (found, expected) in [
            (&file["report"]["notebook_entropy"]["value"], &golden[name]["notebook_entropy"]),
            (&file["report"]["token_entropy"]["value"], &golden[name]["unigram_entropy_nats"]),
            (&file["report"]["mean_reward"]["value"], &golden[name]["reward_mean"]),
        ] {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            assert!((found - expected).abs() < 1e-9, "{name}: {found}, expected {expected}");
        }
    }
}
