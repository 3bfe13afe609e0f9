//! How scores are computed from a classifier's outputs: the same values as in transformers, the default score, and invalid scores.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/classifier.rs"]
mod classifier;
mod support;

use align_models::score::{Labels, ProblemType, Score, Scorer};
use classifier::write_classifier;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use support::{golden_path, run};

/// The golden values written by `tests/golden/python/scores.py`.
#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    models: BTreeMap<String, Model>,
}

#[derive(Deserialize)]
struct Model {
    rows: Vec<i64>,
    labels: Vec<String>,
    problem_type: Option<String>,
    texts: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    logits: Vec<f64>,
    probability: Option<Vec<f64>>,
    log_odds: Option<Vec<f64>>,
}

fn golden() -> Golden {
    let path = support::repository().join("tests/golden/scores.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn write(dir: &Path, model: &Model) {
    let labels: Vec<&str> = model.labels.iter().map(String::as_str).collect();
    write_classifier(dir, &model.rows, &labels, model.problem_type.as_deref());
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-4
}

/// The scores of the golden texts from `classify`, with its warnings. On failure, the error message.
fn classify(model: &Path, more: &[&str]) -> Result<(Vec<f64>, String), String> {
    let dir = tempfile::tempdir().unwrap();
    let texts: String = golden().texts.iter().map(|text| format!("{{\"text\": {text:?}}}\n")).collect();
    fs::write(dir.path().join("texts.jsonl"), texts).unwrap();
    let files = ["--input", "texts.jsonl", "--output", "scored.jsonl", "--model", model.to_str().unwrap()];
    let output = run("classify", dir.path(), &[&files[..], more].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    if !output.status.success() {
        assert!(!dir.path().join("scored.jsonl").exists());
        return Err(stderr);
    }
    let rows = fs::read_to_string(dir.path().join("scored.jsonl")).unwrap();
    let score = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["score"].as_f64().unwrap();
    Ok((rows.lines().map(score).collect(), stderr))
}

#[test]
fn every_form_of_score_equals_that_of_transformers() {
    let mut probabilities = 0;
    for (name, model) in golden().models {
        let problem = model.problem_type.as_deref().map(|problem| match problem {
            "regression" => ProblemType::Regression,
            "single_label_classification" => ProblemType::SingleLabelClassification,
            _ => ProblemType::MultiLabelClassification,
        });
        let labels = Labels::new(model.labels.clone(), problem).unwrap();
        for text in &model.texts {
            let logits: Vec<f32> = text.logits.iter().map(|x| *x as f32).collect();
            for (index, label) in model.labels.iter().enumerate() {
                let score = |form: &str| {
                    let scorer = Scorer::new(Some(&format!("{form}:{label}").parse().unwrap()), &labels)?;
                    scorer.of(&logits)
                };
                assert!(near(score("logit").unwrap(), text.logits[index]), "{name}, {label}");
                assert!(near(score("minus-logit").unwrap(), -text.logits[index]), "{name}, {label}");
                for (form, expected) in [("log-odds", &text.log_odds), ("probability", &text.probability)] {
                    match expected {
                        None => assert!(score(form).unwrap_err().to_string().contains("regression"), "{name}"),
                        Some(expected) => {
                            assert!(near(score(form).unwrap(), expected[index]), "{name}, {form}:{label}");
                            probabilities += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(probabilities, 44);
}

#[test]
fn a_score_does_not_depend_on_the_order_of_the_labels() {
    let dir = tempfile::tempdir().unwrap();
    let model = |name: &str| {
        let folder = dir.path().join(name);
        write(&folder, &golden().models[name]);
        folder
    };
    let scores = |model: &Path, more: &[&str]| classify(model, more).unwrap().0;
    let plain = Path::new(&golden_path("models/distilbert-tiny")).to_owned();
    let expected = [0.0852, -0.8520];
    let assert_expected = |found: Vec<f64>| {
        assert!(found.iter().zip(expected).all(|(found, expected)| near(*found, expected)), "{found:?}");
    };
    assert_expected(scores(&plain, &[]));
    assert_expected(scores(&plain, &["--score", "minus-logit:NEGATIVE"]));
    assert_expected(scores(&plain, &["--score", "minus-logit:0"]));
    let swapped = model("swapped");
    assert_expected(scores(&swapped, &["--score", "minus-logit:NEGATIVE"]));
    let log_odds = scores(&swapped, &["--score", "log-odds:POSITIVE"]);
    assert!(near(log_odds[0], 0.1356) && near(log_odds[1], -1.7141), "{log_odds:?}");
    assert_eq!(log_odds, scores(&plain, &["--score", "log-odds:POSITIVE"]));
    let refusal = classify(&swapped, &[]).unwrap_err();
    for part in ["--score", "swapped", "\"POSITIVE\" (0), \"NEGATIVE\" (1)", "minus-logit:LABEL"] {
        assert!(refusal.contains(part), "{refusal}");
    }
    // A reward model's only output is its score.
    let single = model("single");
    for more in [&[][..], &["--score", "scalar"], &["--score", "logit:LABEL_0"]] {
        let found = scores(&single, more);
        assert!(near(found[0], 0.0504) && near(found[1], -0.8621), "{more:?}: {found:?}");
    }
    assert!(near(scores(&single, &["--score", "probability:LABEL_0"])[0], 0.5126));
}

#[test]
fn default_label_names_give_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    for (labels, warns) in [(["LABEL_0", "LABEL_1"], true), (["negative", "positive"], false), (["neg", "pos"], false)]
    {
        write_classifier(dir.path(), &[0, 1], &labels, None);
        let (scores, log) = classify(dir.path(), &[]).unwrap();
        assert!(near(scores[0], 0.0852), "{labels:?}: {scores:?}");
        assert_eq!(log.contains("LABEL_0 is assumed to be the negative class"), warns, "{labels:?}: {log}");
    }
    for labels in [["dull", "good"], ["LABEL_0", "good"], ["POSITIVE", "NEGATIVE"], ["good", "bad"]] {
        write_classifier(dir.path(), &[0, 1], &labels, None);
        assert!(classify(dir.path(), &[]).unwrap_err().contains("--score"), "{labels:?}");
    }
    write_classifier(dir.path(), &[0, 1], &["NEGATIVE", "POSITIVE"], Some("regression"));
    assert!(classify(dir.path(), &[]).unwrap_err().contains("--score"));
    write_classifier(dir.path(), &[0, 2, 1], &["NEGATIVE", "NEUTRAL", "POSITIVE"], None);
    assert!(classify(dir.path(), &[]).unwrap_err().contains("\"NEUTRAL\" (1)"));
}

#[test]
fn scores_are_parsed_and_printed() {
    for text in ["logit:a", "minus-logit:a:b", "log-odds:no good", "probability:1", "scalar"] {
        assert_eq!(text.parse::<Score>().unwrap().to_string(), text);
        let json = format!("\"{text}\"");
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Score>(&json).unwrap()).unwrap(), json);
    }
    for text in ["", "logits:a", "logit:", "scalar:a", "POSITIVE"] {
        assert!(text.parse::<Score>().is_err(), "{text}");
    }
    let labels = |names: &[&str]| Labels::new(names.iter().map(|name| (*name).to_owned()).collect(), None).unwrap();
    let twice = labels(&["same", "same", "0"]);
    assert!(twice.find("same").unwrap_err().to_string().contains("several labels are called \"same\""));
    // A label's name takes precedence over an index.
    assert_eq!((twice.find("0").unwrap(), twice.find("1").unwrap()), (2, 1));
    let scorer = Scorer::new(Some(&Score::Logit("1".into())), &twice).unwrap();
    assert_eq!((scorer.score().to_string(), scorer.of(&[1.0, 2.0, 3.0]).unwrap()), ("logit:1".into(), 2.0));
    assert!(scorer.of(&[1.0]).is_err());
    // Large differences between logits do not overflow.
    let odds = Scorer::new(Some(&Score::LogOdds("a".into())), &labels(&["a", "b", "c"])).unwrap();
    assert_eq!(odds.of(&[1000.0, -1000.0, f32::MIN]).unwrap(), 2000.0);
    let chance = Scorer::new(Some(&Score::Probability("a".into())), &labels(&["a", "b"])).unwrap();
    assert_eq!((chance.of(&[-1000.0, 1000.0]).unwrap(), chance.of(&[1000.0, -1000.0]).unwrap()), (0.0, 1.0));
}
