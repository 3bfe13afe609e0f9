//! Numbers of pairs: read from every format and layout if they are wanted, and ignored otherwise.

use crate::file;
use align_data::tables::{ColumnNames, Examples, PreferenceData};
use align_data::{
    PairExample, PairNumber, PairNumbers, PairRow, PreferencePair, PreferencePairs, RewardExample, RewardRow,
};
use tempfile::TempDir;

const ALL: [PairNumber; 3] = PairNumber::ALL;

fn read(name: &str, text: &str, names: &str, wanted: &[PairNumber]) -> align_data::Result<Vec<PairNumbers>> {
    let folder = TempDir::new().unwrap();
    let names = if names.is_empty() { ColumnNames::default() } else { names.parse().unwrap() };
    let path = file(&folder, name, text);
    let pairs = Examples::<PairExample>::read_files_with_numbers(&[&path], &names, wanted)?;
    let also = match PreferenceData::read_files_with_numbers(&[&path], &names, wanted)? {
        PreferenceData::Pairs(pairs) => pairs.into_rows(),
        PreferenceData::Texts(_) => panic!("pairs"),
    };
    assert_eq!(also, pairs.rows());
    Ok(pairs.rows().iter().map(PairRow::numbers).collect())
}

fn numbers(chosen_probability: f64, margin: f64, weight: f64) -> PairNumbers {
    PairNumbers { chosen_probability: Some(chosen_probability), margin: Some(margin), weight: Some(weight) }
}

#[test]
fn texts_and_conversations_have_numbers() {
    let csv = "prompt,chosen,rejected,chosen_probability,margin,w\nA,b,c,0.9,2,1\nA,d,e,0.25,0.5,0\n";
    assert_eq!(read("a.csv", csv, "weight=w", &ALL).unwrap(), [numbers(0.9, 2.0, 1.0), numbers(0.25, 0.5, 0.0)]);
    let conversation = r#"{"chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
        "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Go"}],
        "chosen_score": 3, "rejected_score": 0.5, "weight": 2, "chosen_probability": 0.7}"#;
    let conversation = conversation.replace('\n', " ");
    assert_eq!(read("a.jsonl", &conversation, "", &ALL).unwrap(), [numbers(0.7, 2.5, 2.0)]);
    // Without a margin it is the difference of the scores; with one, it is the margin.
    let scored = "prompt,chosen,rejected,chosen_score,rejected_score,margin\nA,b,c,3,1,0.125\n";
    let margin = [PairNumber::Margin];
    assert_eq!(read("a.csv", scored, "", &margin).unwrap()[0].margin, Some(0.125));
    assert_eq!(read("a.csv", &scored.replace("margin", "other"), "", &margin).unwrap()[0].margin, Some(2.0));
}

#[test]
fn parquet_has_the_same_numbers() {
    let folder = TempDir::new().unwrap();
    let csv = file(&folder, "a.csv", "prompt,chosen,rejected,chosen_probability,weight\nA,b,c,0.9,2\nA,d,e,0.5,1\n");
    let parquet = folder.path().join("a.parquet");
    PreferencePairs::read(csv).unwrap().write(&parquet, false).unwrap();
    let wanted = [PairNumber::ChosenProbability, PairNumber::Weight];
    let pairs = Examples::<PairExample>::read_files_with_numbers(&[parquet], &ColumnNames::default(), &wanted).unwrap();
    let found: Vec<PairNumbers> = pairs.rows().iter().map(PairRow::numbers).collect();
    let expected = |p, weight| PairNumbers { margin: None, ..numbers(p, 0.0, weight) };
    assert_eq!(found, [expected(0.9, 2.0), expected(0.5, 1.0)]);
}

#[test]
fn tables_of_pairs_read_and_write_numbers() {
    let folder = TempDir::new().unwrap();
    let plain = |chosen: &str| PreferencePair::new("A", chosen, "c");
    let some = PairNumbers { weight: Some(0.0), ..PairNumbers::default() };
    let rows = [
        PreferencePair { numbers: numbers(0.9, 1.5, 2.0), ..plain("b") },
        PreferencePair { numbers: some, ..plain("d") },
        plain("e"),
    ];
    for format in ["csv", "jsonl", "parquet"] {
        let path = folder.path().join(format!("pairs.{format}"));
        PreferencePairs::from_rows(rows.to_vec()).unwrap().write(&path, false).unwrap();
        assert_eq!(PreferencePairs::read(&path).unwrap().rows(), rows, "{format}");
    }
    let csv = "prompt,chosen,rejected,chosen_probability,w\nA,b,c, 0.5,3\n";
    let renamed = PreferencePairs::read_renamed(file(&folder, "a.csv", csv), &"weight=w".parse().unwrap()).unwrap();
    let expected = PairNumbers { margin: None, ..numbers(0.5, 0.0, 3.0) };
    assert_eq!(renamed.rows()[0].numbers, expected);
    let infinite = PairNumbers { margin: Some(f64::INFINITY), ..PairNumbers::default() };
    let message = PreferencePairs::from_rows(vec![PreferencePair { numbers: infinite, ..plain("b") }]).unwrap_err();
    assert!(message.to_string().contains("row 1, column \"margin\": expected a finite number, found inf"), "{message}");
}

#[test]
fn tables_of_pairs_keep_columns_that_are_not_numbers() {
    let folder = TempDir::new().unwrap();
    let csv = "prompt,chosen,rejected,chosen_probability,margin,weight\nA,b,c,likely,,true\nA,d,e,0.5,,false\n";
    let json = r#"{"prompt": "A", "chosen": "b", "rejected": "c", "weight": "5 kg", "chosen_probability": [1]}"#;
    for (name, text) in [("a.csv", csv), ("a.jsonl", &format!("{json}\n"))] {
        let pairs = PreferencePairs::read(file(&folder, name, text)).unwrap();
        assert!(pairs.rows().iter().all(|pair| pair.numbers == PairNumbers::default()), "{name}");
        let (again, parquet) =
            (folder.path().join(format!("again-{name}")), folder.path().join(format!("{name}.parquet")));
        pairs.write(&again, false).unwrap();
        let read = |path: &std::path::Path| PreferencePairs::read(path).unwrap();
        let first = read(&again);
        for column in ["chosen_probability", "weight"] {
            let texts = pairs.extra_texts(column).unwrap();
            assert_eq!(first.extra_texts(column).unwrap(), texts, "{name} {column}");
            pairs.write(&parquet, true).unwrap();
            assert_eq!(read(&parquet).extra_texts(column).unwrap(), texts, "{name} {column}");
        }
    }
}

#[test]
fn columns_that_are_not_wanted_may_hold_anything() {
    let csv = "prompt,chosen,rejected,chosen_probability,margin,weight\nA,b,c,likely,-3,5 kg\n";
    assert_eq!(read("a.csv", csv, "", &[]).unwrap(), [PairNumbers::default()]);
    let json = r#"{"prompt": "A", "chosen": "b", "rejected": "c", "weight": "5 kg", "chosen_probability": [1]}"#;
    assert_eq!(read("a.jsonl", json, "", &[]).unwrap(), [PairNumbers::default()]);
    // A reward model reads the margin with its sign, and the wanted numbers beside it.
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "a.csv", "prompt,chosen,rejected,chosen_probability,margin\nA,b,c,0.8,-3\n");
    let wanted = [PairNumber::ChosenProbability];
    let pairs = Examples::<RewardExample>::read_files_with_numbers(&[path], &ColumnNames::default(), &wanted).unwrap();
    let pair = &pairs.rows()[0];
    assert_eq!((pair.margin(), pair.numbers().chosen_probability), (Some(-3.0), Some(0.8)));
    // Scores are no margin of rewards; a table's own column is.
    let scored =
        PreferencePair { chosen_score: Some(3.0), rejected_score: Some(1.0), ..PreferencePair::new("A", "b", "c") };
    assert_eq!((scored.margin(), scored.numbers().margin), (None, Some(2.0)));
    let own = PreferencePair { numbers: numbers(0.9, -1.0, 1.0), ..scored };
    assert_eq!(RewardExample::from(own).margin(), Some(-1.0));
}

/// Losses are computed in float32, where small numbers are 0 and large ones infinite.
#[test]
fn numbers_and_differences_of_scores_are_in_the_range_of_float32() {
    let message = |columns: &str, values: &str, wanted| {
        let csv = format!("prompt,chosen,rejected,{columns}\nA,b,c,{values}\n");
        read("a.csv", &csv, "", &[wanted]).unwrap_err().to_string()
    };
    for (number, value, narrow) in [
        (PairNumber::ChosenProbability, "1e-50", "1e-50, which is 0 in float32"),
        (PairNumber::Margin, "1e300", "1e300, which is inf in float32"),
        (PairNumber::Weight, "1e39", "1e39, which is inf in float32"),
    ] {
        let found = message(number.name(), value, number);
        assert!(found.contains("row 1") && found.ends_with(narrow), "{found}");
    }
    let found = message("chosen_score,rejected_score", "1e39,0", PairNumber::Margin);
    assert!(found.contains("column \"chosen_score\"") && found.contains("difference 1e39, which is inf"), "{found}");
    let found = message("chosen_score,rejected_score", "1,2.5", PairNumber::Margin);
    assert!(found.contains("above that of the rejected text (2.5)") && found.ends_with("found 1"), "{found}");
}

#[test]
fn every_file_needs_the_numbers() {
    let folder = TempDir::new().unwrap();
    let with = file(&folder, "with.csv", "prompt,chosen,rejected,weight\nA,b,c,1\n");
    let without = file(&folder, "without.csv", "prompt,chosen,rejected\nA,b,c\n");
    let names = ColumnNames::default();
    let read = |files: &[&std::path::PathBuf]| {
        Examples::<PairExample>::read_files_with_numbers(files, &names, &[PairNumber::Weight])
    };
    assert_eq!(read(&[&with, &with]).unwrap().len(), 2);
    let problem = read(&[&with, &without]).unwrap_err().to_string();
    for part in ["without.csv", "option row_weights needs a column \"weight\"", "found \"prompt\""] {
        assert!(problem.contains(part), "{problem}");
    }
}

#[test]
fn json_has_the_numbers_beside_the_texts() {
    let pair = PreferencePair { numbers: numbers(0.9, 1.5, 2.0), ..PreferencePair::new("A", "b", "c") };
    let json = serde_json::to_value(&pair).unwrap();
    assert_eq!(json["chosen_probability"], 0.9);
    assert_eq!(serde_json::from_value::<PreferencePair>(json).unwrap(), pair);
    let plain = serde_json::to_value(PreferencePair::new("A", "b", "c")).unwrap();
    assert_eq!(plain, serde_json::json!({"prompt": "A", "chosen": "b", "rejected": "c"}));
}
