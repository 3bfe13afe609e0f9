//! Each stage run with its own command.

use crate::support::golden_path;
use crate::{lines, ok};

#[test]
fn the_stages_run_one_after_another() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("prompts.txt"), "This movie\nThe\nActors\nThis movie\nThe\nActors\nThis movie\nThe\n")
        .unwrap();
    let sampling = ["--do-sample", "--num-beams", "2", "--temperature", "2.0", "--max-new-tokens", "12"];
    let generate = ["--prompts", "prompts.txt", "--output", "texts.csv", "--seed", "3"];
    ok("generate", dir, &[generate.as_slice(), &sampling].concat());
    let again = ["--prompts", "prompts.txt", "--output", "again.csv", "--seed", "3", "--batch-size", "2"];
    ok("generate", dir, &[again.as_slice(), &sampling].concat());
    assert_eq!(
        std::fs::read(dir.join("texts.csv")).unwrap(),
        std::fs::read(dir.join("again.csv")).unwrap(),
        "a text must not depend on its batch"
    );

    ok("classify", dir, &["--input", "texts.csv", "--output", "scored.jsonl"]);
    let scored = lines(&dir.join("scored.jsonl"));
    assert_eq!(scored.len(), 8);
    for row in &scored {
        assert_eq!(row["score"].as_f64().unwrap(), -row["logit_0"].as_f64().unwrap());
        assert!(row["logit_1"].is_f64() && row["text"].as_str().unwrap().starts_with(row["prompt"].as_str().unwrap()));
    }

    ok("pair", dir, &["--input", "scored.jsonl", "--output", "pairs.parquet", "--strategy", "best-worst"]);
    ok("logps", dir, &["--input", "pairs.parquet", "--output", "logps.jsonl", "--token-logps"]);
    let logps = lines(&dir.join("logps.jsonl"));
    assert_eq!(logps.len(), 3);
    for row in &logps {
        for side in ["chosen", "rejected"] {
            let tokens = row[format!("{side}_token_logps")].as_array().unwrap();
            assert_eq!(tokens.len() as u64, row[format!("{side}_tokens")].as_u64().unwrap());
            let sum: f64 = tokens.iter().map(|x| x.as_f64().unwrap()).sum();
            assert!((sum - row[format!("{side}_logps")].as_f64().unwrap()).abs() < 1e-9);
        }
    }

    let report = ok(
        "evaluate",
        dir,
        &["--input", "scored.jsonl", "--tokenizer", &golden_path("models/gpt2-tiny"), "--resamples", "100"],
    );
    let mean = scored.iter().map(|row| row["score"].as_f64().unwrap()).sum::<f64>() / 8.0;
    let row = report.lines().find(|line| line.starts_with("Mean reward")).unwrap();
    assert!(row.contains(&format!(" {mean:.3} ").replace('-', "−")), "{mean} is not in\n{report}");
}

#[test]
fn a_streamed_text_equals_the_text_printed_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let sampling = ["--do-sample", "--temperature", "3", "--top-k", "0", "--max-new-tokens", "60", "--seed"];
    let mut broken = 0;
    for seed in 0..3 {
        let seed = seed.to_string();
        // At this temperature the tokens include invalid and incomplete UTF-8.
        let args = [&["--prompt", "Café – naïve"][..], &sampling, &[&seed]].concat();
        let whole = ok("generate", dir.path(), &args);
        let stream = ok("generate", dir.path(), &[&args[..], &["--stream"]].concat());
        assert_eq!(stream.trim_end_matches('\n'), whole.trim_end_matches('\n'));
        broken += usize::from(stream.contains('\u{fffd}'));
    }
    assert!(broken > 0, "no text had broken characters");
}

#[test]
fn many_texts_are_scored_in_batches() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let rows: String = (0..1100).map(|i| format!("{{\"text\": \"a film of {} minutes\"}}\n", i % 13)).collect();
    std::fs::write(dir.join("texts.jsonl"), rows).unwrap();
    ok("classify", dir, &["--input", "texts.jsonl", "--output", "scored.jsonl", "--batch-size", "64"]);
    let scored = lines(&dir.join("scored.jsonl"));
    assert_eq!(scored.len(), 1100);
    for (i, row) in scored.iter().enumerate() {
        let same = scored[i % 13]["score"].as_f64().unwrap();
        assert!((row["score"].as_f64().unwrap() - same).abs() < 1e-5, "row {i}");
    }
}
