//! Texts with the scores of several judges: reading, repeated texts, and pairs by rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::judges::{JudgedPair, JudgedPairOptions, JudgedPairReport, JudgedText, JudgedTexts, pair_judged};
use align_data::pairing::{PairOptions, PairStrategy};
use std::fs;

const JUDGES: [&str; 3] = ["j0", "j1", "j2"];

/// One prompt whose texts have these scores by each judge.
fn texts(scores: &[(&str, [Option<f64>; 3])]) -> JudgedTexts {
    let row = |(text, scores): &(&str, [Option<f64>; 3])| JudgedText {
        prompt: "P".to_owned(),
        text: (*text).to_owned(),
        scores: scores.to_vec(),
    };
    JudgedTexts::new(JUDGES, scores.iter().map(row).collect()).unwrap()
}

/// Rankings a > b > c, b > c > a and c > a > b.
fn cycle() -> JudgedTexts {
    texts(&[
        ("a", [Some(3.0), Some(1.0), Some(2.0)]),
        ("b", [Some(2.0), Some(3.0), Some(1.0)]),
        ("c", [Some(1.0), Some(2.0), Some(3.0)]),
    ])
}

fn options(rule: &str) -> JudgedPairOptions {
    JudgedPairOptions::new(rule.parse().unwrap())
}

fn pairs(texts: &JudgedTexts, options: &JudgedPairOptions) -> (Vec<JudgedPair>, JudgedPairReport) {
    pair_judged(texts, options).unwrap()
}

fn names(pairs: &[JudgedPair]) -> Vec<(&str, &str)> {
    pairs.iter().map(|pair| (pair.pair.chosen.as_str(), pair.pair.rejected.as_str())).collect()
}

fn error(file: &str, content: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::write(&path, content).unwrap();
    let read = JudgedTexts::read(&path, &["a", "b"]).and_then(|texts| texts.prompts());
    read.unwrap_err().to_string().replace(&format!("{}/", folder.path().display()), "")
}

/// The weights of 2, 1 and 1 decide the cycle: a beats b and b beats c by 3 to 1, and a and c are level at 2 to 2. So Schulze's method ranks a > b > c. The
/// judges are worth 4² / (2² + 1 + 1) = 8/3 equal ones; with a prior of half a judge on each side, 3/4 becomes (2 + 1/2) / (8/3 + 1) = 15/22.
#[test]
fn weights_decide_the_ranking_and_the_probability() {
    let (found, report) = pairs(&cycle(), &options("schulze"));
    assert_eq!((found.len(), report.tied, report.prompts_without_pairs), (0, 3, 1));
    let weighted = cycle().weighted(&"j0=2".parse().unwrap()).unwrap();
    let (found, report) = pairs(&weighted, &options("schulze"));
    assert_eq!(names(&found), [("a", "b"), ("a", "c"), ("b", "c")]);
    let numbers: Vec<(f64, f64)> =
        found.iter().map(|pair| (pair.agreement, pair.pair.numbers.chosen_probability.unwrap())).collect();
    for ((agreement, probability), (expected, of)) in
        numbers.iter().zip([(0.75, 15.0 / 22.0), (0.5, 0.5), (0.75, 15.0 / 22.0)])
    {
        assert!(*agreement == expected && (probability - of).abs() < 1e-15, "{numbers:?}");
    }
    assert!(found.iter().all(|pair| pair.pair.chosen_score.is_none()));
    assert_eq!(report.mean_agreement, Some(2.0 / 3.0));
    let most = JudgedPairOptions { min_agreement: 0.6, smoothing: 0.0, ..options("schulze") };
    let (found, report) = pairs(&weighted, &most);
    assert_eq!((names(&found), report.too_little_agreement), (vec![("a", "b"), ("b", "c")], 1));
    assert_eq!(found[0].pair.numbers.chosen_probability, Some(0.75));
}

#[test]
fn the_scores_of_a_rule_are_kept_and_have_a_margin() {
    let texts = texts(&[
        ("a", [Some(3.0), Some(3.0), Some(3.0)]),
        ("b", [Some(2.0), Some(2.5), Some(3.0)]),
        ("c", [Some(0.0), Some(0.0), Some(1.5)]),
    ]);
    let scores = |found: &[JudgedPair]| {
        found
            .iter()
            .map(|pair| (pair.pair.chosen_score.unwrap(), pair.pair.rejected_score.unwrap()))
            .collect::<Vec<_>>()
    };
    let (found, _) = pairs(&texts, &options("weighted-sum"));
    assert_eq!(scores(&found), [(3.0, 2.5), (3.0, 0.5), (2.5, 0.5)]);
    // The third judge ties a and b, which counts half.
    assert_eq!(found[0].agreement, 2.5 / 3.0);
    let above = |margin| JudgedPairOptions {
        pairing: PairOptions::new(PairStrategy::MarginAbove { margin }),
        ..options("weighted-sum")
    };
    let (found, report) = pairs(&texts, &above(0.5));
    assert_eq!((names(&found), report.below_margin), (vec![("a", "c"), ("b", "c")], 1));
    let no_scores = JudgedPairOptions { rule: "schulze".parse().unwrap(), ..above(0.5) };
    let message = pair_judged(&texts, &no_scores).unwrap_err().to_string();
    assert!(message.contains("margin: expected no value, found 0.5, and the rule schulze has no scores"), "{message}");
    // The scores of texts that meet thresholds are not comparable with those of the others.
    let (found, _) = pairs(&texts, &options("threshold:j2>=2"));
    assert!(found.len() == 3 && found.iter().all(|pair| pair.pair.rejected_score.is_none()));
}

#[test]
fn strategies_choose_among_the_possible_pairs() {
    let texts = texts(&[
        ("d", [Some(1.0), Some(1.0), Some(1.0)]),
        ("a", [Some(4.0), Some(4.0), Some(0.0)]),
        ("c", [Some(2.0), Some(2.0), Some(2.0)]),
        ("b", [Some(3.0), Some(3.0), Some(3.0)]),
    ]);
    let with = |strategy, pairs_per_prompt, min_agreement, seed| JudgedPairOptions {
        pairing: PairOptions { strategy, pairs_per_prompt, seed },
        min_agreement,
        ..options("copeland")
    };
    let best_worst = |count, agreement| {
        let (found, report) = pairs(&texts, &with(PairStrategy::BestWorst, count, agreement, 0));
        (names(&found).iter().map(|(a, b)| format!("{a}{b}")).collect::<Vec<_>>(), report.missing_pairs)
    };
    assert_eq!(best_worst(None, 0.0), (vec!["ad".to_owned()], 0));
    assert_eq!(best_worst(Some(3), 0.0), (vec!["ad".to_owned(), "bc".to_owned()], 1));
    // Only two of three judges prefer a to d; all prefer b.
    assert_eq!(best_worst(Some(1), 0.9), (vec!["bd".to_owned()], 0));
    let all = [("a", "d"), ("c", "d"), ("b", "d"), ("a", "c"), ("a", "b"), ("b", "c")];
    let drawn = |strategy, count, seed| {
        let (found, _) = pairs(&texts, &with(strategy, count, 0.0, seed));
        names(&found).iter().map(|(a, b)| (a.to_string(), b.to_string())).collect::<Vec<_>>()
    };
    for (strategy, count, expected) in
        [(PairStrategy::Random, None, 50), (PairStrategy::MarginAbove { margin: 0.0 }, Some(4), 4)]
    {
        let first = drawn(strategy, count, 1);
        assert_eq!(first.len(), expected);
        assert!(first.iter().all(|(a, b)| all.contains(&(a.as_str(), b.as_str()))), "{first:?}");
        assert_eq!(first, drawn(strategy, count, 1));
        assert!((2..9).any(|seed| drawn(strategy, count, seed) != first));
    }
}

#[test]
fn abstentions_decide_which_pairs_are_possible() {
    let texts = texts(&[
        ("a", [Some(2.0), None, Some(1.0)]),
        ("b", [Some(1.0), None, Some(2.0)]),
        ("c", [None, Some(5.0), None]),
        ("nobody's", [None, None, None]),
    ]);
    let (found, report) = pairs(&texts, &options("weighted-sum"));
    // No judge scores c and another text, and a and b are tied.
    assert_eq!((found.len(), report.not_compared, report.tied), (0, 5, 1));
}

/// The only judge with a weight prefers the text that misses the threshold of the other judge.
#[test]
fn a_pair_that_all_judges_contradict_is_skipped() {
    let judges = [("x", [Some(0.0), Some(1.0), None]), ("y", [Some(1.0), Some(0.0), None])];
    let rows = judges.map(|(text, scores)| JudgedText {
        prompt: "P".to_owned(),
        text: text.to_owned(),
        scores: scores[..2].to_vec(),
    });
    let texts = JudgedTexts::new(["helpful", "safe"], rows.to_vec()).unwrap();
    let (found, _) = pairs(&texts, &options("threshold:safe>=0.5"));
    assert_eq!((names(&found), found[0].agreement), (vec![("x", "y")], 0.5));
    let texts = texts.weighted(&"safe=0".parse().unwrap()).unwrap();
    let (found, report) = pairs(&texts, &options("threshold:safe>=0.5"));
    assert_eq!((found.len(), report.contradicted, report.too_little_agreement), (0, 1, 0));
    let text = report.to_string();
    assert!(text.contains("1 candidate pair skipped: all judges prefer the text that the rule ranks lower"), "{text}");
    assert!(!text.contains("fewer judges agree"), "{text}");
}

#[test]
fn tables_have_columns_of_scores_and_rows_repeat_texts() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, jsonl) = (folder.path().join("judged.csv"), folder.path().join("judged.jsonl"));
    fs::write(
        &csv,
        "question,b,text,a\nP,1,x,0.5\nQ,,x,2\nP,\"\",y,-1e3\nP,1.001,x,\nQ,3,y,nan?\n".replace("nan?", "7"),
    )
    .unwrap();
    let texts = JudgedTexts::read_renamed(&csv, &["a", "b"], &"prompt=question".parse().unwrap()).unwrap();
    let scores: Vec<&[Option<f64>]> = texts.rows().iter().map(|row| row.scores.as_slice()).collect();
    assert_eq!(
        scores,
        [[Some(0.5), Some(1.0)], [Some(2.0), None], [Some(-1000.0), None], [None, Some(1.001)], [Some(7.0), Some(3.0)]]
    );
    let prompts = texts.prompts().unwrap();
    assert_eq!(
        prompts.iter().map(|prompt| (prompt.prompt(), prompt.repeated())).collect::<Vec<_>>(),
        [("P", 1), ("Q", 0)]
    );
    assert_eq!(
        (prompts[0].texts(), prompts[0].table().candidates()),
        (&["x".into(), "y".into()][..], &["row 1".into(), "row 3".into()][..])
    );
    // The repeated text has the scores of its first row, and others where that has none.
    assert_eq!(prompts[0].table().judges()[1].scores(), [Some(1.0), None]);
    fs::write(
        &jsonl,
        "{\"prompt\": \"P\", \"text\": \"x\", \"a\": 1}\n{\"prompt\": \"P\", \"text\": \"y\", \"a\": null, \"b\": 2}\n",
    )
    .unwrap();
    let texts = JudgedTexts::read(&jsonl, &["a", "b"]).unwrap();
    assert_eq!([&texts.rows()[0].scores, &texts.rows()[1].scores], [&[Some(1.0), None], &[None, Some(2.0)]]);

    let (table, report) = texts.pair(&JudgedPairOptions::new("borda".parse().unwrap())).unwrap();
    assert_eq!((table.len(), report.not_compared), (0, 1));
}

#[test]
fn bad_scores_are_named() {
    for (content, part) in [
        (
            "prompt,text,a,b\nP,x,1,NaN\n",
            "row 1, column \"b\": expected a finite number, or nothing if the judge abstains, found NaN",
        ),
        (
            "prompt,text,a,b\nP,x,1,2\nP,y,inf,2\n",
            "row 2, column \"a\": expected a finite number, or nothing if the judge abstains, found inf",
        ),
        (
            "prompt,text,a,b\nP,x,good,2\n",
            "row 1, column \"a\": expected a finite number, or nothing if the judge abstains, found \"good\"",
        ),
        ("prompt,text,a,b\nP,x,true,2\n", "found true"),
        ("prompt,text,a,b\nP,x,,2\nP,y,,3\n", "judged.csv, column \"a\": no row has a score: leave the judge out"),
        ("prompt,text,a,c\nP,x,1,2\n", "judged.csv: there is no column \"b\" with the scores of a judge, found a, c"),
        (
            "prompt,text,a,b\nP,x,1,2\nP,y,0,0\nP,x,1,3\n",
            "row 3, column \"b\": the score is 3, but row 1 has the same prompt and text with 2",
        ),
        (
            "prompt,text,a,b\nP,x,0.001,2\nP,x,0.009,2\n",
            "row 2, column \"a\": the score is 0.009, but row 1 has the same prompt and text with 0.001",
        ),
    ] {
        let message = error("judged.csv", content);
        assert!(message.starts_with("judged.csv") && message.contains(part), "{message}");
    }
    let message = error("judged.jsonl", "{\"prompt\": \"P\", \"text\": \"x\", \"a\": [1], \"b\": 2}\n");
    assert!(message.contains("row 1, column \"a\"") && message.contains("found [1]"), "{message}");
    let many: String = (0..2001).map(|row| format!("P,text {row},1,{row}\n")).collect();
    let message = error("judged.csv", &format!("prompt,text,a,b\nQ,x,1,2\n{many}"));
    assert!(message.contains("row 2: its prompt has 2001 texts, expected at most 2000"), "{message}");
}

#[test]
fn judges_and_options_are_checked() {
    let row = |scores: &[f64]| JudgedText {
        prompt: "P".to_owned(),
        text: "x".to_owned(),
        scores: scores.iter().copied().map(Some).collect(),
    };
    let message =
        |judges: &[&str], scores: &[f64]| JudgedTexts::new(judges.to_vec(), vec![row(scores)]).unwrap_err().to_string();
    assert!(message(&["a", "a"], &[1.0, 2.0]).contains("two judges are named a"));
    assert!(message(&[], &[]).contains("no judges"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("judged.csv");
    fs::write(&file, "prompt,text,a\nP,x,1\n").unwrap();
    let twice = JudgedTexts::read(&file, &["a", "a"]).unwrap_err().to_string();
    assert!(twice.contains("judged.csv: two judges are named a"), "{twice}");
    assert!(
        message(&["a", "b"], &[1.0]).contains("row 1: expected a score or an abstention for each of 2 judges, found 1")
    );
    assert!(message(&["a"], &[f64::NAN]).contains("column \"a\""));
    for (weights, part) in [
        ("1,2", "expected 3, one for each of j0, j1, j2, found 2"),
        ("1,-2,1", "expected finite numbers of at least 0, found -2 for j1"),
        ("j1=inf", "found inf for j1"),
        ("0,0,0", "expected a positive weight, found 0 for all judges"),
        ("j3=2", "expected weights of the judges j0, j1, j2, found one of j3"),
        ("j1=2,j1=3", "one weight a judge, found two of j1"),
        ("1e300,1,1", "less than a billionth of the greatest weight"),
    ] {
        let message = cycle().weighted(&weights.parse().unwrap()).unwrap_err().to_string();
        assert!(message.contains(part), "{weights}: {message}");
    }
    for wrong in ["", "a", "1,b", "a=1,2", "=", "a=x"] {
        assert!(wrong.parse::<align_data::judges::JudgeWeights>().is_err(), "{wrong}");
    }
    for (options, part) in [
        (
            JudgedPairOptions { min_agreement: 1.5, ..options("borda") },
            "min_agreement: expected a share from 0 to 1, found 1.5",
        ),
        (JudgedPairOptions { min_agreement: f64::NAN, ..options("borda") }, "min_agreement"),
        (
            JudgedPairOptions { smoothing: -1.0, ..options("borda") },
            "smoothing: expected a finite number of at least 0, found -1",
        ),
        (options("nash:2"), "judged texts: judge j0, candidate row 3: the score 1 is below the zero point 2"),
        (options("threshold:x>=1"), "there is no judge x, expected one of j0, j1, j2"),
    ] {
        let message = pair_judged(&cycle(), &options).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}
