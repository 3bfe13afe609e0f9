//! Invalid, truncated and damaged files.

use crate::{awkward_rows, file};
use align_data::{PreferencePairs, ScoredTexts, Texts};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn error_message(path: &Path) -> String {
    ScoredTexts::read(path).expect_err("must be rejected").to_string()
}

#[test]
fn errors_name_file_row_column_and_value() {
    let folder = TempDir::new().unwrap();
    let cases: &[(&str, &str, &[&str])] = &[
        ("missing.csv", "prompt,text\na,b\n", &["\"score\"", "\"prompt\", \"text\""]),
        ("number.csv", "prompt,text,score\na,b,1\na,b,high\n", &["row 2", "\"score\"", "\"high\""]),
        ("nan.csv", "prompt,text,score\na,b,nan\n", &["row 1", "\"score\"", "finite", "NaN"]),
        ("null.csv", "prompt,text,score\na,b,1\na,,1\n", &["row 2", "\"text\"", "null"]),
        ("noscore.csv", "prompt,text,score\na,b,1\nc,d,\n", &["row 2", "\"score\"", "null"]),
        ("short.csv", "prompt,text,score\na,b\n", &["line 2", "expected 3 fields, found 2"]),
        ("long.csv", "prompt,text,score\na,b,1,2\n", &["line 2", "expected 3 fields, found 4"]),
        ("twice.csv", "prompt,text,score,text\na,b,1,c\n", &["line 1", "\"text\" occurs twice"]),
        ("quote.csv", "prompt,text,score\na,\"b,1\n", &["line 2", "never closed"]),
        ("none.csv", "", &["line 1", "empty"]),
        (
            "twice.jsonl",
            "{\"prompt\": \"a\", \"text\": \"b\", \"text\": \"c\"}\n",
            &["line 1", "\"text\" occurs twice"],
        ),
        ("syntax.jsonl", "{\"prompt\": \"a\", \"text\": \"b\", \"score\": 1}\n\n{\"prompt\"\n", &["line 3", "JSON"]),
        ("object.jsonl", "[1, 2]\n", &["line 1", "expected a JSON object", "sequence"]),
        ("null.jsonl", "{\"prompt\": \"a\", \"text\": null, \"score\": 1}\n", &["row 1", "\"text\"", "null"]),
        (
            "absent.jsonl",
            "{\"prompt\": \"a\", \"text\": \"b\", \"score\": 1}\n{\"prompt\": \"a\", \"score\": 1}\n",
            &["row 2", "\"text\"", "null"],
        ),
        (
            "type.jsonl",
            "{\"prompt\": \"a\", \"text\": \"b\", \"score\": 1}\n{\"prompt\": 3, \"text\": \"b\", \"score\": 1}\n",
            &["row 2", "\"prompt\"", "text", "a number"],
        ),
        (
            "string.jsonl",
            "{\"prompt\": \"a\", \"text\": \"b\", \"score\": \"1\"}\n",
            &["row 1", "\"score\"", "a string"],
        ),
        (
            "conversation.jsonl",
            "{\"prompt\": [{}], \"text\": \"b\", \"score\": 1}\n",
            &["row 1", "\"prompt\"", "a list"],
        ),
        ("column.jsonl", "{\"prompt\": \"a\", \"score\": 1}\n", &["\"text\"", "\"prompt\", \"score\""]),
        ("not.parquet", "PAR1 not really PAR1", &["Parquet"]),
        ("none.parquet", "", &["Parquet"]),
        ("table.txt", "a", &[".csv, .jsonl, .json or .parquet, or one of them with .gz or .zst", ".txt"]),
        ("table", "a", &[".csv, .jsonl, .json or .parquet", "none"]),
    ];
    for (name, content, parts) in cases {
        let message = error_message(&file(&folder, name, content));
        assert!(message.contains(name), "{name}: {message}");
        for part in *parts {
            assert!(message.contains(part), "{name}: {message} lacks {part}");
        }
    }
    let message = error_message(&folder.path().join("absent.csv"));
    assert!(message.contains("absent.csv") && message.contains("cannot be read"), "{message}");
    let message = error_message(&file(&folder, "latin1.jsonl", b"{\"prompt\": \"a\"}\n{\"prompt\": \"caf\xe9\"}\n"));
    assert!(message.contains("line 2") && message.contains("UTF-8"), "{message}");
    let message = error_message(&file(&folder, "latin1.csv", b"prompt,text,score\na,caf\xe9,1\n"));
    assert!(message.contains("line 2") && message.contains("0xe9"), "{message}");
}

/// If each row has its own field name, a table of rows × rows nulls would result.
#[test]
fn rows_with_different_names_are_rejected_before_they_fill_memory() {
    let folder = TempDir::new().unwrap();
    let lines: String = (0..20_000).map(|i| format!("{{\"{i}\":0}}\n")).collect();
    let message = error_message(&file(&folder, "names.jsonl", lines));
    assert!(message.contains("different names") && message.contains("line "), "{message}");
}

/// A flipped bit must not do more than make a file unreadable.
#[test]
fn damaged_parquet_is_rejected_or_read() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("whole.parquet");
    let rows = &awkward_rows()[..12];
    ScoredTexts::from_rows(rows.to_vec()).unwrap().write(&path, false).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut read = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        if let Ok(table) = ScoredTexts::read(file(&folder, "damaged.parquet", bytes)) {
            assert_eq!(table.len(), rows.len(), "byte {at}");
            read += 1;
        }
    }
    assert!(read < whole.len() * 3 / 4, "{read} of {} read: the damage hit nothing", whole.len());
}

#[test]
fn wrong_types_in_parquet_are_rejected() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("numbers.parquet");
    // A numeric column whose name belongs to a text column of another table.
    let texts = Texts::new(&["p"], &["a"]).unwrap().with_column("chosen", &[1.0]).unwrap();
    texts.with_column("rejected", &[1.0]).unwrap().write(&path, false).unwrap();
    let message = PreferencePairs::read(&path).unwrap_err().to_string();
    assert!(message.contains("\"chosen\"") && message.contains("text") && message.contains("f64"), "{message}");
}

/// A truncated file is an error, or a shorter table if a CSV or JSON Lines row ends at the cut. It never panics.
#[test]
fn truncated_files_are_rejected() {
    let folder = TempDir::new().unwrap();
    let rows = &awkward_rows()[..12];
    let path = folder.path().join("whole.parquet");
    ScoredTexts::from_rows(rows.to_vec()).unwrap().write(&path, false).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        let cut = file(&folder, "cut.parquet", &bytes[..length]);
        assert!(ScoredTexts::read(&cut).is_err(), "{length} of {} bytes", bytes.len());
    }
    let path = folder.path().join("whole.jsonl");
    ScoredTexts::from_rows(rows.to_vec()).unwrap().write(&path, false).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        let cut = file(&folder, "cut.jsonl", &bytes[..length]);
        if let Ok(table) = ScoredTexts::read(&cut) {
            assert_eq!(table.rows(), &rows[..table.len()], "{length} bytes");
        }
    }
}
