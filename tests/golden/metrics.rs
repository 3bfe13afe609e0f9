//! Compares `align-metrics` with scipy, on small token lists in this repository and on the notebook's published texts if they
//! are available.

use align_data::{ScoredTexts, Tokenizer};
use align_metrics::{Bootstrap, EvaluationReport, mean, miller_madow_entropy, notebook_entropy, token_entropy};
use std::path::Path;

fn close(what: &str, found: f64, expected: &serde_json::Value) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{what}: no number expected"));
    assert!((found - expected).abs() < 1e-9, "{what}: {found}, expected {expected}");
}

/// Values by scipy 1.17: `python/metrics_small.py` beside this file writes them.
#[test]
fn small_token_lists() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("metrics_small.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() >= 8);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let texts: Vec<Vec<i64>> = serde_json::from_value(case["texts"].clone()).unwrap();
        let skip = case["skip"].as_i64();
        close(name, token_entropy(&texts, skip).unwrap(), &case["token_entropy"]);
        close(name, miller_madow_entropy(&texts, skip).unwrap(), &case["miller_madow_entropy"]);
        close(name, notebook_entropy(&texts, skip).unwrap(), &case["notebook_entropy"]);
        let report = EvaluationReport::of(&texts, skip, None, &Bootstrap::default()).unwrap();
        close(name, report.token_entropy.value, &case["token_entropy"]);
        close(name, report.miller_madow_entropy.value, &case["miller_madow_entropy"]);
        close(name, report.notebook_entropy.value, &case["notebook_entropy"]);
        assert_eq!(Some(report.tokens), case["tokens"].as_u64());
        assert_eq!(report.rows, texts.len());
    }
}

/// The table that the notebook publishes, from its texts and GPT-2's tokeniser. Neither is part of this repository: they
/// are read from `../shared`, and where that is not there this test has nothing to read.
#[test]
fn the_notebooks_texts() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let (data, tokenizer) = (shared.join("data/notebook"), shared.join("tokenizers/gpt2"));
    if !data.is_dir() || !tokenizer.is_dir() {
        return;
    }
    let tokenizer = Tokenizer::from_pretrained(&tokenizer).unwrap();
    let end_of_text = tokenizer.encode("<|endoftext|>", false).unwrap();
    assert_eq!(end_of_text.len(), 1);
    let golden = crate::read_json("metrics.json");
    for (name, expected) in golden.as_object().unwrap() {
        let table = ScoredTexts::read(data.join(format!("{name}_generated.csv"))).unwrap();
        let ids = tokenizer.encode_batch(&table.texts(), false, None).unwrap();
        let skip = end_of_text.first().copied();
        assert_eq!(Some(ids.len() as u64), expected["rows"].as_u64(), "{name}");
        close(name, token_entropy(&ids, skip).unwrap(), &expected["unigram_entropy_nats"]);
        close(name, notebook_entropy(&ids, skip).unwrap(), &expected["notebook_entropy"]);
        close(name, mean(&table.scores()).unwrap(), &expected["reward_mean"]);
        let few = Bootstrap { resamples: 40, ..Bootstrap::default() };
        let report = EvaluationReport::of(&ids, skip, Some(&table.scores()), &few).unwrap();
        assert_eq!(Some(report.tokens), expected["tokens"].as_u64(), "{name}");
        close(name, report.token_entropy.value, &expected["unigram_entropy_nats"]);
        close(name, report.mean_reward.unwrap().value, &expected["reward_mean"]);
    }
}
