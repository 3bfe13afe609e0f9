//! From texts through several judges and a rule to pairs.

use crate::support::golden_path;
use crate::{lines, ok};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Texts of different lengths, with repetitions.
fn write_texts(dir: &Path) {
    let rows = (0..5).map(|at| {
        format!(
            "Prompt {at},a film of some length that has no word twice\nPrompt {at},a film a film a film\nPrompt {at},a joy\n"
        )
    });
    fs::write(dir.join("texts.csv"), format!("prompt,text\n{}", rows.collect::<String>())).unwrap();
}

/// Scores in which the texts of the first prompt beat each other in a cycle, and all judges agree on the second.
fn write_cycle(dir: &Path) {
    let rows = "A,a,3,1,2\nA,b,2,3,1\nA,c,1,2,3\nB,<b>bold</b>,1,1,1\nB,plain,0,0,1\n";
    fs::write(dir.join("judged.csv"), format!("prompt,text,x,y,z\n{rows}")).unwrap();
}

#[test]
fn judges_make_pairs_that_train_models() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_texts(dir);
    let film = format!("film={}", golden_path("models/distilbert-tiny"));
    let out = ok(
        "classify",
        dir,
        &[
            "--judge",
            &film,
            "--judge",
            "short=words:3",
            "--judge",
            "varied=distinct:1",
            "--input",
            "texts.csv",
            "--output",
            "judged.parquet",
        ],
    );
    assert!(out.contains("align judges --input judged.parquet --judges film,short,varied"), "{out}");
    let judges = ["--judges", "film,short,varied", "--input", "judged.parquet"];
    let out = ok("judges", dir, &[&judges[..], &["--report", "judges.html"]].concat());
    for part in [
        "Kendall's tau-b",
        "Prompts with a Condorcet winner",
        "(a text at random)",
        "weighted-sum:zscore",
        "report written to judges.html",
    ] {
        assert!(out.contains(part), "{out}\nlacks {part}");
    }
    let out = ok("pair", dir, &[&judges[..], &["--aggregate", "borda", "--output", "pairs.jsonl"]].concat());
    assert!(
        out.contains("of the judges agree with a pair")
            && out.contains("align dpo --train-file pairs.jsonl --soft-labels --output-dir"),
        "{out}"
    );
    let pairs = lines(&dir.join("pairs.jsonl"));
    assert!(!pairs.is_empty());
    for pair in &pairs {
        let number = |name: &str| pair[name].as_f64().unwrap();
        assert!(number("chosen_score") > number("rejected_score"), "{pair}");
        // Three judges, and half a judge on each side.
        assert!((number("chosen_probability") - (3.0 * number("agreement") + 0.5) / 4.0).abs() < 1e-12, "{pair}");
    }
    ok("dpo", dir, &["--train-file", "pairs.jsonl", "--soft-labels", "--max-steps", "1", "--output-dir", "dpo"]);
}

#[test]
fn the_next_command_has_the_same_judges_and_columns() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("judged.csv"), "question,text,x,y\nA,a,1,2\nA,b,2,1\n").unwrap();
    let options =
        ["--input", "judged.csv", "--judges", "x,y", "--judge-weights", "y=2", "--columns", "prompt=question"];
    let out = ok("judges", dir, &[&options[..], &["--rules", "borda,nash"]].concat());
    let next =
        "align pair --aggregate borda --judges x,y --judge-weights y=2 --columns prompt=question --input judged.csv";
    assert!(out.contains(next), "{out}");
    // Without --rules it is the first of the default ones.
    assert!(ok("judges", dir, &options).contains("align pair --aggregate schulze --judges"));
}

#[test]
fn weights_thresholds_and_agreement_decide_the_pairs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_cycle(dir);
    let chosen = |output: &str, options: &[&str]| -> Vec<(String, String)> {
        ok("pair", dir, &[&["--judges", "x,y,z", "--input", "judged.csv", "--output", output], options].concat());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        lines(&dir.join(output)).iter().map(|row| (text(&row["chosen"]), text(&row["rejected"]))).collect()
    };
    let pair = |chosen: &str, rejected: &str| (chosen.to_owned(), rejected.to_owned());
    let bold = pair("<b>bold</b>", "plain");
    assert_eq!(chosen("schulze.jsonl", &["--aggregate", "schulze"]), std::slice::from_ref(&bold));
    assert_eq!(
        chosen("weighted.jsonl", &["--aggregate", "schulze", "--judge-weights", "x=2", "--min-agreement", "0.6"]),
        [pair("a", "b"), pair("b", "c"), bold.clone()]
    );
    // Of the first prompt only the last text meets the threshold, and the best of the others has the higher sum.
    assert_eq!(
        chosen("safe.jsonl", &["--aggregate", "threshold:z>=3", "--strategy", "best-worst"]),
        [pair("c", "a"), bold]
    );
}

#[test]
fn the_report_shows_what_differs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_cycle(dir);
    let options = ["--judges", "x,y,z", "--input", "judged.csv", "--rules", "schulze,weighted-sum,threshold:z>=3"];
    let found: Value = serde_json::from_str(&ok("judges", dir, &[&options[..], &["--json"]].concat())).unwrap();
    assert_eq!((&found["prompts"], &found["texts"]), (&2.into(), &5.into()));
    assert_eq!(found["taus"][0]["judges"], serde_json::json!(["x", "y"]));
    assert_eq!(found["cycles"], serde_json::json!([{ "prompt": "A", "texts": ["a", "b", "c"] }]));
    assert_eq!(found["dominated"][0]["by"], "<b>bold</b>");
    // All texts of the cycle have the same sum.
    assert_eq!(found["rules"][1]["prompts_with_several_winners"], 1);
    // Only one of them meets the threshold. The rules agree on the second prompt.
    assert_eq!(found["disputed"].as_array().unwrap().len(), 1);
    let chosen = |rule: usize| found["disputed"][0]["choices"][rule]["texts"].as_array().unwrap().len();
    assert_eq!([chosen(0), chosen(1), chosen(2)], [3, 3, 1]);

    let write = |more: &[&str]| {
        ok("judges", dir, &[&options[..], &["--report", "report.html"], more].concat());
        fs::read_to_string(dir.join("report.html")).unwrap()
    };
    let page = write(&[]);
    for part in [
        "Kendall's tau-b",
        "schulze 33%, weighted-sum 33%, threshold:z&gt;=3",
        "x 3.00, y 1.00, z 2.00",
        "&lt;b&gt;bold",
        "a &gt; b &gt; c",
    ] {
        assert!(page.contains(part), "{part} is not in the page");
    }
    assert!(!page.contains("<b>bold"));
    assert_eq!(page, write(&["--overwrite"]));
    let other = write(&["--overwrite", "--seed", "3", "--resamples", "100"]);
    assert!(other.contains("100 resamples"));
}
