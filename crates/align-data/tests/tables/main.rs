//! Round trips through the three table formats.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod column_names;
mod errors;
mod examples;
mod pair_numbers;

use align_data::tables::PreferenceData;
use align_data::{PreferencePair, PreferencePairs, ScoredText, ScoredTexts, Texts};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

const FORMATS: [&str; 3] = ["csv", "parquet", "jsonl"];

/// Texts that careless readers and writers alter.
const AWKWARD: &[&str] = &[
    "plain",
    "",
    " ",
    "  two spaces before and after  ",
    "comma, and \"quotes\"",
    "\"",
    "\"\"",
    "\"quoted\"",
    "line\nbreak",
    "ends with a break\n",
    "\r\nwindows\r\n",
    "carriage\rreturn",
    "\r",
    "tab\tand\u{0}null byte",
    "Été à Paris — naïve café 映画 🎬",
    "e\u{301} combining, \u{200b}zero width, \u{feff}mark",
    "\u{2028}line separator",
    "null",
    "NA",
    "NaN",
    "1.5",
    "true",
    "2020-01-01",
    "# comment",
    "back\\slash \\n \\\"",
    "{\"json\": [1]}",
    "'; --",
    "=1+1",
];

/// Numbers that lose digits easily.
const SCORES: &[f64] = &[
    0.0,
    -0.0,
    0.1,
    0.1 + 0.2,
    1.0,
    -1.5,
    1e300,
    1e-300,
    5e-324,
    f64::MAX,
    f64::MIN,
    f64::EPSILON,
    1.0 / 3.0,
    2.480989694595337,
    9007199254740993.0,
];

fn awkward_rows() -> Vec<ScoredText> {
    let mut rows = Vec::new();
    for (i, text) in AWKWARD.iter().enumerate() {
        let prompt = AWKWARD[(i * 5 + 3) % AWKWARD.len()];
        rows.push(ScoredText::new(prompt, *text, SCORES[i % SCORES.len()]));
    }
    rows
}

fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn scored_texts_round_trip_exactly() {
    let folder = TempDir::new().unwrap();
    let rows = awkward_rows();
    for format in FORMATS {
        let path = folder.path().join(format!("texts.{format}"));
        ScoredTexts::from_rows(rows.clone()).unwrap().write(&path, false).unwrap();
        let again = ScoredTexts::read(&path).unwrap().into_rows();
        for (row, (found, expected)) in again.iter().zip(&rows).enumerate() {
            assert_eq!(found.prompt, expected.prompt, "{format} row {row}");
            assert_eq!(found.text, expected.text, "{format} row {row}");
            assert_eq!(found.score.to_bits(), expected.score.to_bits(), "{format} row {row}");
        }
        assert_eq!(again.len(), rows.len(), "{format}");
    }
}

/// Long enough to be processed in chunks.
#[test]
fn long_tables_round_trip() {
    let folder = TempDir::new().unwrap();
    let rows: Vec<ScoredText> = (0..20_000)
        .map(|i| {
            let text = [AWKWARD[i % AWKWARD.len()], AWKWARD[(i / 7) % AWKWARD.len()], &i.to_string()].concat();
            ScoredText::new(format!("prompt {}", i % 11), text, (i as f64).sin())
        })
        .collect();
    for format in FORMATS {
        let path = folder.path().join(format!("texts.{format}"));
        ScoredTexts::from_rows(rows.clone()).unwrap().write(&path, false).unwrap();
        assert_eq!(ScoredTexts::read(&path).unwrap().rows(), rows, "{format}");
    }
}

#[test]
fn pairs_round_trip_with_and_without_scores() {
    let folder = TempDir::new().unwrap();
    let plain: Vec<PreferencePair> =
        AWKWARD.windows(3).map(|texts| PreferencePair::new(texts[0], texts[1], texts[2])).collect();
    let scored: Vec<PreferencePair> = plain
        .iter()
        .enumerate()
        .map(|(i, pair)| PreferencePair {
            chosen_score: Some(SCORES[i % SCORES.len()]),
            rejected_score: Some(-0.1),
            numbers: align_data::PairNumbers::default(),
            ..pair.clone()
        })
        .collect();
    for format in FORMATS {
        for (name, pairs) in [("plain", &plain), ("scored", &scored)] {
            let path = folder.path().join(format!("{name}.{format}"));
            PreferencePairs::from_rows(pairs.clone()).unwrap().write(&path, false).unwrap();
            assert_eq!(PreferencePairs::read(&path).unwrap().rows(), pairs, "{format} {name}");
            assert!(matches!(PreferenceData::read(&path).unwrap(), PreferenceData::Pairs(_)));
        }
    }
}

#[test]
fn tables_without_rows_round_trip() {
    let folder = TempDir::new().unwrap();
    for format in FORMATS {
        let path = folder.path().join(format!("none.{format}"));
        ScoredTexts::from_rows(Vec::new()).unwrap().write(&path, false).unwrap();
        assert!(ScoredTexts::read(&path).unwrap().is_empty(), "{format}");
    }
}

#[test]
fn the_notebooks_header_is_accepted() {
    let folder = TempDir::new().unwrap();
    let text = ",Prompt,Generated Text,Model Score\n0,This movie,\"This movie, \"\"fine\"\"\nreally\",2.5\n1,The,The end,-1e-3\n";
    for (name, content) in [("lf.csv", text.to_owned()), ("bom.csv", format!("\u{feff}{text}"))] {
        let table = ScoredTexts::read(file(&folder, name, content)).unwrap();
        assert_eq!(
            table.rows(),
            [
                ScoredText::new("This movie", "This movie, \"fine\"\nreally", 2.5),
                ScoredText::new("The", "The end", -1e-3)
            ],
            "{name}"
        );
        let names: Vec<_> = table.frame().unwrap().get_column_names().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["prompt", "text", "score"]);
    }
    let windows = text.replace("\nreally", " really").replace('\n', "\r\n");
    let table = ScoredTexts::read(file(&folder, "crlf.csv", windows)).unwrap();
    assert_eq!(table.scores(), [2.5, -1e-3]);
    assert_eq!(table.texts(), ["This movie, \"fine\" really", "The end"]);
}

/// Same rows as `pandas.read_csv` gives for each file.
#[test]
fn blank_lines_are_skipped() {
    let folder = TempDir::new().unwrap();
    let rows = [ScoredText::new("a", "b\n\nc", 1.0), ScoredText::new("d", "e", 2.0)];
    let table = "prompt,text,score\na,\"b\n\nc\",1\nd,e,2\n";
    for content in [
        table.to_owned(),
        format!("{table}\n"),
        format!("{table}\n\n\n"),
        format!("{table}  \n\t\n "),
        format!("\n\n{table}"),
        table.replace("d,e", "\n \n\nd,e"),
    ] {
        assert_eq!(ScoredTexts::read(file(&folder, "blank.csv", &content)).unwrap().rows(), rows, "{content:?}");
    }
    let windows = "prompt,text,score\r\na,b,1\r\n\r\nd,e,2\r\n\r\n\r\n";
    assert_eq!(ScoredTexts::read(file(&folder, "crlf.csv", windows)).unwrap().scores(), [1.0, 2.0]);
    assert_eq!(Texts::read(file(&folder, "one.csv", "text\na\n\nb\n\n")).unwrap().texts(), ["a", "b"]);
}

#[test]
fn extra_columns_are_kept_after_the_tables_own() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "extra.csv", "label,score,note,text,flag\n1,0.5,hm,a,true\n-2,1,,b,false\n");
    let table = Texts::read(&path).unwrap().with_column("logit_0", &[0.1, -7.25]).unwrap();
    assert_eq!(table.prompts(), None);
    assert_eq!(table.scores().unwrap(), [0.5, 1.0]);
    for format in FORMATS {
        let path = folder.path().join(format!("again.{format}"));
        table.write(&path, false).unwrap();
        let again = Texts::read(&path).unwrap();
        for name in ["text", "score", "label", "note", "flag", "logit_0"] {
            let (found, expected) = (again.frame().unwrap(), table.frame().unwrap());
            let (found, expected) = (found.column(name).unwrap(), expected.column(name).unwrap());
            assert!(found.equals_missing(expected), "{format} {name}: {found:?} {expected:?}");
        }
    }
    // Lists and objects are kept, columns of mixed types are skipped.
    let rows = [
        r#"{"text": "a", "list": [1,{"b":null,"a":[]}], "mixed": 1}"#,
        r#"{"text": "b", "list": {"é":-0.5}, "mixed": "x"}"#,
        r#"{"text": "c"}"#,
    ];
    let table = Texts::read(file(&folder, "nested.jsonl", rows.join("\n"))).unwrap();
    assert_eq!(table.frame().unwrap().width(), 2);
    let again = folder.path().join("nested-again.jsonl");
    table.write(&again, false).unwrap();
    let kept = "{\"text\": \"a\", \"list\": [1,{\"b\":null,\"a\":[]}]}\n{\"text\": \"b\", \"list\": {\"é\":-0.5}}\n";
    assert_eq!(fs::read_to_string(again).unwrap(), format!("{kept}{{\"text\": \"c\", \"list\": null}}\n"));
}

#[test]
fn scores_are_replaced() {
    let texts = Texts::new(&["p", "p"], &["a", "b"]).unwrap();
    let scored = texts.clone().with_scores(&[1.0, 2.0]).unwrap().scored().unwrap();
    assert_eq!(scored.rows(), [ScoredText::new("p", "a", 1.0), ScoredText::new("p", "b", 2.0)]);
    assert!(texts.clone().scored().unwrap_err().to_string().contains("\"score\""));
    assert!(texts.clone().with_scores(&[1.0]).unwrap_err().to_string().contains("expected 2 values"));
    assert!(texts.clone().with_scores(&[1.0, f64::INFINITY]).unwrap_err().to_string().contains("row 2"));
    assert!(texts.with_column("text", &[1.0, 2.0]).is_err());
    assert!(Texts::new(&["p"], &["a", "b"]).is_err());
}

#[test]
fn files_are_only_overwritten_on_request_and_leave_no_temporary_files() {
    let folder = TempDir::new().unwrap();
    let table = ScoredTexts::from_rows(vec![ScoredText::new("p", "t", 1.0)]).unwrap();
    let path = folder.path().join("new/deeper/texts.csv");
    table.write(&path, false).unwrap();
    let message = table.write(&path, false).unwrap_err().to_string();
    assert!(message.contains("exists already"), "{message}");
    table.write(&path, true).unwrap();
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    assert!(table.write(folder.path().join("texts.xlsx"), false).is_err());
    assert!(table.write(path.join("under a file.csv"), false).is_err());
}
