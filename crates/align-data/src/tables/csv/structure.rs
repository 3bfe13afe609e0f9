//! Whether a CSV file is a table, before polars reads it: polars fills short rows up with nulls, renames columns of one name,
//! and takes an open quote for the rest of the file.

use super::super::{ROW_LIMIT, too_long};
use std::collections::HashSet;
use std::ops::Range;

/// Most columns: polars takes ten kilobytes and half a millisecond for each, whatever is in it.
const COLUMNS: usize = 2_000;

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    pub problem: String,
}

/// Checks the encoding, the quotes, the header's names, and that each row has as many fields as the header. Returns where blank
/// lines are, which are no rows; in a table of several columns spaces do not make a row either.
pub(super) fn check(bytes: &[u8]) -> Result<Vec<Range<usize>>, Fault> {
    let text = utf8(bytes)?;
    let rest = text.trim_start_matches('\u{feff}').as_bytes();
    let mut scanner = Scanner { rest, line: 1, end: bytes.len(), spaces_are_blank: false, blank: Vec::new() };
    let mut header = Vec::new();
    if scanner.record(|name| header.push(name))?.is_none() {
        return Err(Fault {
            line: 1,
            problem: "the file is empty: expected a header with the columns' names".to_owned(),
        });
    }
    if header.len() > COLUMNS {
        return Err(Fault { line: 1, problem: format!("{} columns, expected at most {COLUMNS}", header.len()) });
    }
    let mut names = HashSet::new();
    for name in &header {
        if !name.is_empty() && !names.insert(name) {
            let name = String::from_utf8_lossy(name);
            return Err(Fault { line: 1, problem: format!("the column {name:?} stands twice: rename one") });
        }
    }
    scanner.spaces_are_blank = header.len() > 1;
    let mut row = 0;
    loop {
        let (expected, mut found, before) = (header.len(), 0, scanner.rest.len());
        let Some(line) = scanner.record(|_| found += 1)? else { return Ok(scanner.blank) };
        row += 1;
        let length = before - scanner.rest.len();
        if length > ROW_LIMIT {
            return Err(Fault { line, problem: too_long(length) });
        }
        if found != expected {
            let hint = if found > expected { "; a text with a comma needs quotes" } else { "" };
            let problem = format!("row {row}: expected {expected} fields, found {found}{hint}");
            return Err(Fault { line, problem });
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Fault { line: 1, problem: "expected UTF-8 text, found UTF-16: save it as UTF-8".to_owned() });
    }
    std::str::from_utf8(bytes).map_err(|e| {
        let valid = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let byte = bytes.get(e.valid_up_to()).copied().unwrap_or_default();
        Fault { line: lines_in(valid) + 1, problem: format!("expected UTF-8 text, found the byte 0x{byte:02x}") }
    })
}

fn lines_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}

struct Scanner<'a> {
    rest: &'a [u8],
    line: usize,
    /// The file's length.
    end: usize,
    spaces_are_blank: bool,
    /// Places of blank lines, those side by side as one.
    blank: Vec<Range<usize>>,
}

impl<'a> Scanner<'a> {
    /// Goes over the next record, whose fields are handed out as they are written, but for the quotes around them, and gives
    /// the line on which it begins; lines without a character are no records.
    fn record(&mut self, mut each: impl FnMut(&'a [u8])) -> Result<Option<usize>, Fault> {
        self.skip_blank_lines();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let line = self.line;
        loop {
            each(self.field()?);
            match self.rest.split_first() {
                Some((b',', rest)) => self.rest = rest,
                Some((_, rest)) => {
                    self.rest = rest;
                    self.line += 1;
                    break;
                }
                None => break,
            }
        }
        Ok(Some(line))
    }

    fn skip_blank_lines(&mut self) {
        let start = self.end - self.rest.len();
        loop {
            let spaces = match self.spaces_are_blank {
                true => self.rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count(),
                false => 0,
            };
            let behind = self.rest.get(spaces..).unwrap_or_default();
            match behind.strip_prefix(b"\n").or_else(|| behind.strip_prefix(b"\r\n")) {
                Some(rest) => (self.rest, self.line) = (rest, self.line + 1),
                None if behind.is_empty() || behind == b"\r" => {
                    self.rest = &[];
                    break;
                }
                None => break,
            }
        }
        let found = start..self.end - self.rest.len();
        if !found.is_empty() {
            self.blank.push(found);
        }
    }

    /// The next field; what follows begins with its comma or line break.
    fn field(&mut self) -> Result<&'a [u8], Fault> {
        let Some(inner) = self.rest.strip_prefix(b"\"") else {
            let len = self.rest.iter().position(|byte| matches!(byte, b',' | b'\n')).unwrap_or(self.rest.len());
            let (field, rest) = self.rest.split_at(len);
            self.rest = rest;
            return Ok(field.strip_suffix(b"\r").filter(|_| !rest.starts_with(b",")).unwrap_or(field));
        };
        let opened = self.line;
        let mut len = 0;
        loop {
            let Some(quote) = inner.iter().skip(len).position(|&byte| byte == b'"') else {
                let problem =
                    "a quote opens here and is never closed; a quote inside a text is written twice".to_owned();
                return Err(Fault { line: opened, problem });
            };
            len += quote;
            if inner.get(len + 1) != Some(&b'"') {
                break;
            }
            len += 2;
        }
        let (field, rest) = inner.split_at(len);
        self.line += lines_in(field);
        let rest = rest.get(1..).unwrap_or_default();
        self.rest = rest.strip_prefix(b"\r").filter(|rest| rest.is_empty() || rest.starts_with(b"\n")).unwrap_or(rest);
        match self.rest.first() {
            None | Some(b',' | b'\n') => Ok(field),
            Some(_) => {
                let problem = "text behind a closing quote; a quote inside a text is written twice".to_owned();
                Err(Fault { line: self.line, problem })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn fault(text: impl AsRef<[u8]>) -> (usize, String) {
        let fault = check(text.as_ref()).unwrap_err();
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
            check(text.as_bytes()).unwrap_or_else(|fault| panic!("{text:?}: {fault:?}"));
        }
    }

    #[test]
    fn blank_lines_are_found() {
        let blank = |text: &str| check(text.as_bytes()).unwrap();
        assert!(blank("a,b\n1,2\n").is_empty());
        assert_eq!(blank("\u{feff}\n\r\na,b\n1,2\n \n\n3,4\n\t"), [3..6, 14..17, 21..22]);
        // A text of spaces is a row where it is the only column.
        assert_eq!(blank("a\n \n\nx\n\n"), [4..5, 7..8]);
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
        check(b",,a\n0,1,2\n").unwrap();
    }

    #[test]
    fn columns_are_counted() {
        let header = |count: usize| (0..count).map(|i| format!("c{i}")).collect::<Vec<_>>().join(",") + "\n";
        check(header(COLUMNS).as_bytes()).unwrap();
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
