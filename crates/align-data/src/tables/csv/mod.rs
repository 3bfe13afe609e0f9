//! CSV: comma-separated, quoted with double quotes, with a header line.

mod error;
mod infer_types;
mod quoted_fields;
mod records;
mod write;

pub(super) use write::write;

use super::cells::Cells;
use super::column_names::ColumnNames;
use super::columns::{Column, ColumnKind};
use super::limits::{ROW_LIMIT, row_too_long};
use crate::column_list::other_separator;
use crate::{Error, Result};
use align_base::counted;
use error::CsvError;
use infer_types::infer_types;
use records::Records;
use std::collections::HashSet;
use std::path::Path;

/// Most columns of a file.
const MAX_COLUMNS: usize = 2_000;

/// Reads a file's cells. The table's own columns stay text, so that an error can quote an invalid number as written. Those that may become
/// extra columns do not.
pub(super) fn read(path: &Path, bytes: &[u8], columns: &[Column], names: &ColumnNames) -> Result<Cells> {
    let line = |error: CsvError| Error::Line { path: path.to_owned(), line: error.line, problem: error.problem };
    let mut cells = parse(bytes).map_err(line)?;
    let is_own = |name: &str| names.find_column(columns, name).is_some_and(|own| own.kind != ColumnKind::PairNumber);
    let unknown = |(place, (name, _)): (usize, &(String, _))| (!is_own(name)).then_some(place);
    let unknown: Vec<usize> = cells.columns.iter().enumerate().filter_map(unknown).collect();
    infer_types(&mut cells, &unknown);
    Ok(cells)
}

fn parse(bytes: &[u8]) -> std::result::Result<Cells, CsvError> {
    let mut records = Records::new(bytes)?;
    let names = parse_header(&mut records)?;
    let expected = names.len();
    records.skip_space_lines = expected > 1;
    let mut cells = Cells::with_columns(names);
    while let Some(record) = records.next()? {
        let error = |problem: String| CsvError { line: record.line, problem };
        if record.length > ROW_LIMIT {
            return Err(error(row_too_long(record.length)));
        }
        let found = record.len();
        if found != expected {
            let hint = match other_separator(&cells.columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()) {
                Some(separator) => format!("; {separator}"),
                None if found > expected => "; a text with a comma needs quotes".to_owned(),
                None => String::new(),
            };
            return Err(error(format!("expected {}, found {found}{hint}", counted(expected, "field"))));
        }
        cells.push_texts(record.texts());
    }
    Ok(cells)
}

/// The column names, which must be unique. The index column that pandas writes has an empty name.
fn parse_header(records: &mut Records<'_>) -> std::result::Result<Vec<String>, CsvError> {
    let Some(record) = records.next()? else {
        let problem = "the file is empty: expected a header with the columns' names".to_owned();
        return Err(CsvError { line: 1, problem });
    };
    let error = |problem: String| CsvError { line: 1, problem };
    if record.len() > MAX_COLUMNS {
        return Err(error(format!("{} columns, expected at most {MAX_COLUMNS}", record.len())));
    }
    let names: Vec<String> = record.texts().map(|name| name.unwrap_or_default().to_owned()).collect();
    let mut seen = HashSet::new();
    match names.iter().find(|name| !name.is_empty() && !seen.insert(*name)) {
        Some(name) => Err(error(format!("the column {name:?} occurs twice; rename one"))),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn parse_error(text: impl AsRef<[u8]>) -> (usize, String) {
        let error = parse(text.as_ref()).unwrap_err();
        (error.line, error.problem)
    }

    #[test]
    fn valid_tables_are_accepted() {
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
            parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
        }
    }

    /// The cells' texts by row.
    fn rows(text: &str) -> Vec<Vec<Option<String>>> {
        let cells = parse(text.as_bytes()).unwrap();
        let texts = |(_, column): &(String, Vec<_>), row: usize| cells.text(column[row]).map(str::to_owned);
        (0..cells.rows).map(|row| cells.columns.iter().map(|column| texts(column, row)).collect()).collect()
    }

    fn row(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|text| Some((*text).to_owned())).collect()
    }

    #[test]
    fn blank_lines_are_skipped() {
        let expected = [row(&["1", "2"]), row(&["3", "4"])];
        assert_eq!(rows("\u{feff}\n\r\na,b\n1,2\n \n\n3,4\n\t"), expected);
        assert_eq!(rows("a,b\r\n1,2\r\n\r\n3,4\r\n\r"), expected);
        // A line of spaces is a row if the table has one column.
        assert_eq!(rows("a\n \n\nx\n\n"), [row(&[" "]), row(&["x"])]);
    }

    #[test]
    fn null_differs_from_an_empty_text() {
        assert_eq!(
            rows("a,b\n,\"\"\n\"\",\r\nx,\"\"\r\n"),
            [vec![None, Some(String::new())], vec![Some(String::new()), None], row(&["x", ""])]
        );
        assert_eq!(rows("a\n\"\"\n"), [row(&[""])]);
        assert_eq!(rows("a,b\n\"x\r\",\"y\r\"\n\"\r\",z\r\r\n"), [row(&["x\r", "y\r"]), row(&["\r", "z\r"])]);
    }

    #[test]
    fn wrong_numbers_of_fields_are_errors() {
        assert_eq!(
            parse_error("a,b\n1,2\n\"x\ny\",2\n1,2,3\n"),
            (5, "expected 2 fields, found 3; a text with a comma needs quotes".into())
        );
        assert_eq!(parse_error("a,b\n1\n"), (2, "expected 2 fields, found 1".into()));
        let (_, problem) = parse_error("question;good\nWell, was it?;Yes\n");
        assert!(problem.ends_with("the file seems to separate columns by \";\", and CSV needs commas"), "{problem}");
    }

    #[test]
    fn wrong_quotes_are_reported_with_their_line() {
        let (line, problem) = parse_error("a,b\n1,2\n\"x,2\n3,4\n");
        assert!(line == 3 && problem.contains("never closed"), "{line}: {problem}");
        let (line, problem) = parse_error("a,b\n\"x\"y,2\n");
        assert!(line == 2 && problem.contains("after a closing quote"), "{line}: {problem}");
    }

    #[test]
    fn column_names_must_be_unique() {
        assert_eq!(parse_error("a,b,a\n1,2,3\n"), (1, "the column \"a\" occurs twice; rename one".into()));
        parse(b",,a\n0,1,2\n").unwrap();
    }

    #[test]
    fn columns_are_limited() {
        let header = |count: usize| (0..count).map(|i| format!("c{i}")).collect::<Vec<_>>().join(",") + "\n";
        parse(header(MAX_COLUMNS).as_bytes()).unwrap();
        assert_eq!(parse_error(header(120_000)), (1, "120000 columns, expected at most 2000".into()));
    }

    #[test]
    fn other_encodings_are_rejected() {
        assert!(parse_error(b"a,b\n1,caf\xe9\n").1.contains("found the byte 0xe9"));
        assert_eq!(parse_error(b"a,b\n1,2\n1,caf\xe9\n").0, 3);
        assert!(parse_error(b"\xff\xfea\0,\0b\0").1.contains("UTF-16"));
        assert!(parse_error("").1.contains("empty"));
        assert!(parse_error("\n\n").1.contains("empty"));
    }
}
