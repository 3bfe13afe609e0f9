//! The quotes of a record, which open and close a field or stand twice within one.

use super::fault::{Fault, lines_in};

/// Which of a record's fields stand in quotes; `line` is the record's first.
pub(super) fn quoted(record: &[u8], line: usize) -> Result<Vec<bool>, Fault> {
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
    /// Goes over the next field and tells whether it stands in quotes; what follows begins with its comma or line break.
    fn field(&mut self) -> Result<bool, Fault> {
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
                    "a quote opens here and is never closed; a quote inside a text is written twice".to_owned();
                return Err(Fault { line: opened, problem });
            };
            length += quote;
            if inner.get(length + 1) != Some(&b'"') {
                break;
            }
            length += 2;
        }
        let (field, rest) = inner.split_at_checked(length).unwrap_or((inner, &[]));
        self.line += lines_in(field);
        let rest = rest.get(1..).unwrap_or_default();
        self.rest = rest.strip_prefix(b"\r").filter(|rest| rest.is_empty() || rest.starts_with(b"\n")).unwrap_or(rest);
        match self.rest.first() {
            None | Some(b',' | b'\n') => Ok(true),
            Some(_) => {
                let problem = "text behind a closing quote; a quote inside a text is written twice".to_owned();
                Err(Fault { line: self.line, problem })
            }
        }
    }
}
