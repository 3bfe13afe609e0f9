//! CSV: comma-separated, double quotes, a header.

mod fault;
mod infer;
mod quotes;
mod records;
mod write;

pub(super) use write::write;

use super::cells::Cells;
use super::columns::{Column, known};
use super::limits::{ROW_LIMIT, too_long};
use crate::{Error, Result};
use fault::Fault;
use infer::infer;
use records::Records;
use std::collections::HashSet;
use std::path::Path;

/// Most columns of any table.
const COLUMNS: usize = 2_000;

/// Reads a file's cells. Those of the table's own columns are texts or nothing, so that a wrong number can be shown as it stands.
pub(super) fn read(path: &Path, bytes: &[u8], columns: &[Column]) -> Result<Cells> {
    let line = |fault: Fault| Error::Line { path: path.to_owned(), line: fault.line, problem: fault.problem };
    let mut cells = cells(bytes).map_err(line)?;
    let unknown = |(place, (name, _)): (usize, &(String, _))| known(columns, name).is_none().then_some(place);
    let unknown: Vec<usize> = cells.columns.iter().enumerate().filter_map(unknown).collect();
    infer(&mut cells, &unknown);
    Ok(cells)
}

fn cells(bytes: &[u8]) -> std::result::Result<Cells, Fault> {
    let mut records = Records::of(bytes)?;
    let names = header(&mut records)?;
    let expected = names.len();
    records.spaces_are_blank = expected > 1;
    let mut cells = Cells::with_columns(names);
    while let Some(record) = records.next()? {
        let fault = |problem: String| Fault { line: record.line, problem };
        if record.length > ROW_LIMIT {
            return Err(fault(too_long(record.length)));
        }
        let found = record.len();
        if found != expected {
            let hint = if found > expected { "; a text with a comma needs quotes" } else { "" };
            return Err(fault(format!("row {}: expected {expected} fields, found {found}{hint}", cells.rows + 1)));
        }
        cells.push_texts(record.texts());
    }
    Ok(cells)
}

/// The names of the columns, each of which stands once; the index that pandas writes has none.
fn header(records: &mut Records<'_>) -> std::result::Result<Vec<String>, Fault> {
    let Some(record) = records.next()? else {
        let problem = "the file is empty: expected a header with the columns' names".to_owned();
        return Err(Fault { line: 1, problem });
    };
    let fault = |problem: String| Fault { line: 1, problem };
    if record.len() > COLUMNS {
        return Err(fault(format!("{} columns, expected at most {COLUMNS}", record.len())));
    }
    let names: Vec<String> = record.texts().map(|name| name.unwrap_or_default().to_owned()).collect();
    let mut seen = HashSet::new();
    match names.iter().find(|name| !name.is_empty() && !seen.insert(*name)) {
        Some(name) => Err(fault(format!("the column {name:?} stands twice: rename one"))),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn fault(text: impl AsRef<[u8]>) -> (usize, String) {
        let fault = cells(text.as_ref()).unwrap_err();
        (fault.line, fault.problem)
    }

    #[test]
    fn tables_pass() {
        for text in [
            "a,b\n1,2\n",
            "a,b\r\n1,2\r\n",
            "a,b",
            "\u{feff}a,b\n1,2",
            "a,b\n\"x, y\",\"a \"\"word\"\"\"\n\"line\nbreak\",\"\"\n",
            ",b\n0,2\n",
            "a,b\n\n1,2\n\n",
            "a,b\r\n1,2\r\n\r\n\r\n",
            "a,b\n1,2\n  \t\n 3,4\n ",
            "a,b\n5\" screen,x\n",
            "a,b\n1,\"2\"\r\n",
        ] {
            cells(text.as_bytes()).unwrap_or_else(|fault| panic!("{text:?}: {fault:?}"));
        }
    }

    /// The texts, row by row.
    fn rows(text: &str) -> Vec<Vec<Option<String>>> {
        let cells = cells(text.as_bytes()).unwrap();
        let texts = |(_, column): &(String, Vec<_>), row: usize| cells.text(column[row]).map(str::to_owned);
        (0..cells.rows).map(|row| cells.columns.iter().map(|column| texts(column, row)).collect()).collect()
    }

    fn row(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|text| Some((*text).to_owned())).collect()
    }

    #[test]
    fn blank_lines_are_no_rows() {
        let expected = [row(&["1", "2"]), row(&["3", "4"])];
        assert_eq!(rows("\u{feff}\n\r\na,b\n1,2\n \n\n3,4\n\t"), expected);
        assert_eq!(rows("a,b\r\n1,2\r\n\r\n3,4\r\n\r"), expected);
        // A text of spaces is a row where it is the only column.
        assert_eq!(rows("a\n \n\nx\n\n"), [row(&[" "]), row(&["x"])]);
    }

    #[test]
    fn no_text_is_told_from_an_empty_one() {
        assert_eq!(
            rows("a,b\n,\"\"\n\"\",\r\nx,\"\"\r\n"),
            [vec![None, Some(String::new())], vec![Some(String::new()), None], row(&["x", ""])]
        );
        assert_eq!(rows("a\n\"\"\n"), [row(&[""])]);
        assert_eq!(rows("a,b\n\"x\r\",\"y\r\"\n\"\r\",z\r\r\n"), [row(&["x\r", "y\r"]), row(&["\r", "z\r"])]);
    }

    #[test]
    fn rows_of_other_lengths_are_named() {
        assert_eq!(
            fault("a,b\n1,2\n\"x\ny\",2\n1,2,3\n"),
            (5, "row 3: expected 2 fields, found 3; a text with a comma needs quotes".into())
        );
        assert_eq!(fault("a,b\n1\n"), (2, "row 1: expected 2 fields, found 1".into()));
    }

    #[test]
    fn wrong_quotes_are_named_by_their_line() {
        let (line, problem) = fault("a,b\n1,2\n\"x,2\n3,4\n");
        assert!(line == 3 && problem.contains("never closed"), "{line}: {problem}");
        let (line, problem) = fault("a,b\n\"x\"y,2\n");
        assert!(line == 2 && problem.contains("behind a closing quote"), "{line}: {problem}");
    }

    #[test]
    fn names_stand_once() {
        assert_eq!(fault("a,b,a\n1,2,3\n"), (1, "the column \"a\" stands twice: rename one".into()));
        cells(b",,a\n0,1,2\n").unwrap();
    }

    #[test]
    fn columns_are_counted() {
        let header = |count: usize| (0..count).map(|i| format!("c{i}")).collect::<Vec<_>>().join(",") + "\n";
        cells(header(COLUMNS).as_bytes()).unwrap();
        assert_eq!(fault(header(120_000)), (1, "120000 columns, expected at most 2000".into()));
    }

    #[test]
    fn other_encodings_are_named() {
        assert!(fault(b"a,b\n1,caf\xe9\n").1.contains("found the byte 0xe9"));
        assert_eq!(fault(b"a,b\n1,2\n1,caf\xe9\n").0, 3);
        assert!(fault(b"\xff\xfea\0,\0b\0").1.contains("UTF-16"));
        assert!(fault("").1.contains("empty"));
        assert!(fault("\n\n").1.contains("empty"));
    }
}
