//! Files whose columns have other names, and `.json` files.

use crate::file;
use align_data::tables::{ColumnNames, CompletionData, PreferenceData};
use align_data::{Completions, LabelledTexts, PreferencePairs, ScoredTexts, Texts, UnpairedPreferences};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const CSV: &str = "id,question,good,bad\n1,Was it fun?,Yes!,No.\n2,Long?,\"No, short\",Yes.\n";
const JSON_LINES: &str = "{\"id\": 1, \"question\": \"Was it fun?\", \"good\": \"Yes!\", \"bad\": \"No.\"}\n\
    {\"id\": 2, \"question\": \"Long?\", \"good\": \"No, short\", \"bad\": \"Yes.\"}\n";

fn names(text: &str) -> ColumnNames {
    text.parse().unwrap()
}

/// The same rows in every format.
fn files(folder: &TempDir) -> Vec<PathBuf> {
    let csv = file(folder, "pairs.csv", CSV);
    let array = format!("[{}]", JSON_LINES.trim_end().replace('\n', ",\n  "));
    let parquet = folder.path().join("pairs.parquet");
    // The column `text` of the table becomes `question` in the frame.
    let texts = Texts::read_renamed(&csv, &names("text=question")).unwrap();
    let mut frame = texts.frame().unwrap();
    frame.rename("text", "question".into()).unwrap();
    polars::prelude::ParquetWriter::new(std::fs::File::create(&parquet).unwrap()).finish(&mut frame).unwrap();
    vec![
        csv,
        file(folder, "pairs.jsonl", JSON_LINES),
        file(folder, "lines.json", JSON_LINES),
        file(folder, "array.json", &array),
        parquet,
    ]
}

#[test]
fn columns_may_have_other_names_in_every_format() {
    let folder = TempDir::new().unwrap();
    for path in files(&folder) {
        let read = PreferencePairs::read_renamed(&path, &names("prompt=question, chosen=good,rejected=bad"));
        let pairs = read.unwrap_or_else(|error| panic!("{error}"));
        let rows: Vec<[&str; 3]> =
            pairs.rows().iter().map(|row| [&row.prompt, &row.chosen, &row.rejected].map(String::as_str)).collect();
        assert_eq!(rows, [["Was it fun?", "Yes!", "No."], ["Long?", "No, short", "Yes."]], "{}", path.display());
        // The other column is kept, and the table is written with its own names.
        let out = folder.path().join("out.csv");
        pairs.write(&out, true).unwrap();
        assert!(
            std::fs::read_to_string(&out).unwrap().starts_with("prompt,chosen,rejected,id\n"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn names_may_be_exchanged() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "pairs.csv", "prompt,chosen,rejected\nA,bad,good\n");
    let pairs = PreferencePairs::read_renamed(path, &names("chosen=rejected,rejected=chosen")).unwrap();
    assert_eq!((pairs.rows()[0].chosen.as_str(), pairs.rows()[0].rejected.as_str()), ("good", "bad"));
}

#[test]
fn every_reader_takes_names() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "in.csv", "q,a,b,s\nA,yes,no,1\nB,no,yes,0\n");
    let path = path.as_path();
    let prompt_and = |more: &str| names(&format!("prompt=q,{more}"));
    assert!(matches!(
        PreferenceData::read_renamed(path, &prompt_and("chosen=a,rejected=b")).unwrap(),
        PreferenceData::Pairs(pairs) if pairs.rows()[0].as_plain().is_some_and(|pair| pair.chosen == "yes")
    ));
    assert!(matches!(
        PreferenceData::read_renamed(path, &prompt_and("text=a,score=s")).unwrap(),
        PreferenceData::Texts(texts) if texts.scores() == [1.0, 0.0]
    ));
    assert!(matches!(
        CompletionData::read_renamed(path, &prompt_and("completion=b")).unwrap(),
        CompletionData::Completions(rows) if rows.rows()[0].as_plain() == Some(&("A".to_owned(), "no".to_owned()))
    ));
    let texts = Completions::read_or_texts_renamed(path, &names("text=a")).unwrap();
    assert_eq!(texts.rows()[1], (String::new(), "no".to_owned()));
    let unpaired = UnpairedPreferences::read_or_unpair_renamed(path, &prompt_and("completion=a,label=s")).unwrap();
    assert_eq!(unpaired.rows().iter().map(|row| row.label).collect::<Vec<_>>(), [true, false]);
    let unpaired = UnpairedPreferences::read_or_unpair_renamed(path, &prompt_and("chosen=a,rejected=b")).unwrap();
    assert_eq!(unpaired.len(), 4);
    let labels = LabelledTexts::read_classes_renamed(path, &["no".into(), "yes".into()], &names("text=q,label=a"));
    assert_eq!(labels.unwrap().labels(), [1, 0]);
}

#[test]
fn wrong_names_are_rejected() {
    for (text, part) in [
        ("prompt", "expected NAME=COLUMN"),
        ("", "expected NAME=COLUMN"),
        ("prompt=", "lacks a name"),
        ("=question", "lacks a name"),
        ("prompt=prompt", "has no effect"),
        ("prompt=question,prompt=good", "prompt occurs twice"),
        ("chosen=good,rejected=good", "the column good is used twice"),
    ] {
        let problem = text.parse::<ColumnNames>().unwrap_err().to_string();
        assert!(problem.contains(part), "{text}: {problem}");
    }
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "pairs.csv", "prompt,question,good,bad,text\nA,B,C,D,E\n");
    let problem = |text: &str| PreferenceData::read_renamed(&path, &names(text)).unwrap_err().to_string();
    for (text, parts) in [
        ("question=prompt,chosen=good", &["write prompt=question,chosen=good"][..]),
        ("chosn=good,rejected=bad", &["no column chosn", "prompt, chosen, rejected"]),
        ("chosen=god,rejected=bad", &["pairs.csv has no column \"god\"", "\"question\", \"good\""]),
        ("prompt=question,chosen=good,rejected=bad", &["has a column \"prompt\" too"]),
        // Pairs have no scores of texts.
        ("chosen=good,rejected=bad,score=text", &["no column score"]),
    ] {
        let problem = problem(text);
        assert!(parts.iter().all(|part| problem.contains(part)), "{text}: {problem}");
    }
}

#[test]
fn missing_columns_are_listed_for_each_form() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "pairs.csv", CSV);
    let problem = PreferenceData::read(&path).unwrap_err().to_string();
    let expected = "expected the columns \"prompt\", \"chosen\", \"rejected\", or \"prompt\", \"text\", \"score\", \
                    found \"id\", \"question\", \"good\", \"bad\"";
    assert!(problem.ends_with(expected), "{problem}");
    let problem = ScoredTexts::read(file(&folder, "scored.csv", "prompt,text\na,b\n")).unwrap_err().to_string();
    assert!(problem.ends_with("expected a column \"score\", found \"prompt\", \"text\""), "{problem}");
}

/// An invalid cell is reported with the file's name for the column.
#[test]
fn errors_use_the_names_in_the_file() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "in.csv", "prompt,text,rating\na,b,high\n");
    let problem = ScoredTexts::read_renamed(path, &names("score=rating")).unwrap_err().to_string();
    assert!(problem.contains("row 1, column \"rating\": expected a finite number, found \"high\""), "{problem}");
}

#[test]
fn damaged_arrays_are_rejected() {
    let folder = TempDir::new().unwrap();
    let problem = |content: &str| {
        let path: &Path = &file(&folder, "in.json", content);
        Texts::read(path).unwrap_err().to_string()
    };
    for (content, part) in [
        ("[{\"text\": \"a\"}, 3]", "row 2: column 1: invalid type: integer `3`, expected a JSON object"),
        ("[{\"text\": \"a\"}", "EOF"),
        ("[{\"text\": \"a\"}] more", "trailing characters"),
        ("[{\"text\": \"a\", \"text\": \"b\"}]", "\"text\" occurs twice"),
        ("[{\"text\": 3}]", "row 1, column \"text\": expected text or a list of messages, found a number"),
        ("{\"rows\": [{\"text\": \"a\"}]}", "expected a column \"text\""),
    ] {
        assert!(problem(content).contains(part), "{content}: {}", problem(content));
    }
    assert!(Texts::read(file(&folder, "none.json", "[]")).unwrap().is_empty());
    let texts = Texts::read(file(&folder, "in.json", "[{\"text\": \"a\"}]")).unwrap();
    let problem = texts.write(folder.path().join("out.json"), false).unwrap_err().to_string();
    assert!(problem.contains("expected a name that ends in .csv, .parquet or .jsonl, found .json"), "{problem}");
}
