//! Finds the quoted fields of a record. Within quotes, a quote is written twice.

use super::error::{CsvError, count_lines};

/// Returns for each field of a record whether it is quoted. `line` is the number of the record's first line.
pub(super) fn quoted_fields(record: &[u8], line: usize) -> Result<Vec<bool>, CsvError> {
    let mut scanner = Scanner { rest: record, line };
    let mut quoted = Vec::new();
    loop {
        quoted.push(scanner.field()?);
        match scanner.rest.split_first() {
            Some((b',', rest)) => scanner.rest = rest,
            _ => return Ok(quoted),
        }
    }
}

struct Scanner<'a> {
    rest: &'a [u8],
    line: usize,
}

impl Scanner<'_> {
    /// Skips the next field and returns whether it is quoted. The rest then begins with a comma or a line break.
    fn field(&mut self) -> Result<bool, CsvError> {
        let Some(inner) = self.rest.strip_prefix(b"\"") else {
            let length = self.rest.iter().position(|byte| matches!(byte, b',' | b'\n')).unwrap_or(self.rest.len());
            self.rest = self.rest.get(length..).unwrap_or_default();
            return Ok(false);
        };
        let opened = self.line;
        let mut length = 0;
        loop {
            let Some(quote) = inner.iter().skip(length).position(|&byte| byte == b'"') else {
                let problem =
                    "a quoted field begins here and is never closed; write a quote inside a text twice".to_owned();
                return Err(CsvError { line: opened, problem });
            };
            length += quote;
            if inner.get(length + 1) != Some(&b'"') {
                break;
            }
            length += 2;
        }
        let (field, rest) = inner.split_at_checked(length).unwrap_or((inner, &[]));
        self.line += count_lines(field);
        let rest = rest.get(1..).unwrap_or_default();
        self.rest = rest.strip_prefix(b"\r").filter(|rest| rest.is_empty() || rest.starts_with(b"\n")).unwrap_or(rest);
        match self.rest.first() {
            None | Some(b',' | b'\n') => Ok(true),
            Some(_) => {
                let problem = "text after a closing quote; write a quote inside a text twice".to_owned();
                Err(CsvError { line: self.line, problem })
            }
        }
    }
}
