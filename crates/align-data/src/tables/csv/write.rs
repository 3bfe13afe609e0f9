//! Writes fields as polars and pandas do. Text is quoted where necessary. Empty text is quoted as well, to distinguish
//! it from null, which the csv crate does not do.

use super::super::value::Value;
use std::io::{Result, Write};

/// Writes one line.
pub(in super::super) fn write<'a>(file: &mut impl Write, values: impl IntoIterator<Item = Value<'a>>) -> Result<()> {
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            file.write_all(b",")?;
        }
        match value {
            Value::Null => {}
            Value::Text(text) | Value::Json(text) => write_text(file, text)?,
            Value::Bool(value) => write!(file, "{value}")?,
            Value::Int(number) => write!(file, "{number}")?,
            Value::Unsigned(number) => write!(file, "{number}")?,
            // The shortest digits that parse to the same number, as in JSON.
            Value::Float32(number) if number.is_finite() => serde_json::to_writer(&mut *file, &number)?,
            Value::Float(number) if number.is_finite() => serde_json::to_writer(&mut *file, &number)?,
            Value::Float32(number) => write!(file, "{number}")?,
            Value::Float(number) => write!(file, "{number}")?,
        }
    }
    file.write_all(b"\n")
}

fn write_text(file: &mut impl Write, text: &str) -> Result<()> {
    if !text.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return file.write_all(text.as_bytes());
    }
    file.write_all(b"\"")?;
    for (index, part) in text.split('"').enumerate() {
        if index > 0 {
            file.write_all(b"\"\"")?;
        }
        file.write_all(part.as_bytes())?;
    }
    file.write_all(b"\"")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// The expected lines were written by polars.
    #[test]
    fn values_are_written_like_polars() {
        use Value::*;
        let line = |values: &[Value<'_>]| {
            let mut line = Vec::new();
            write(&mut line, values.iter().copied()).unwrap();
            String::from_utf8(line).unwrap()
        };
        assert_eq!(line(&[Null, Text(""), Text("a b"), Text("a, b")]), ",\"\",a b,\"a, b\"\n");
        assert_eq!(line(&[Text("the \"best\""), Text("x\ny"), Text("x\r")]), "\"the \"\"best\"\"\",\"x\ny\",\"x\r\"\n");
        assert_eq!(line(&[Bool(true), Int(-3), Unsigned(u64::MAX)]), "true,-3,18446744073709551615\n");
        assert_eq!(line(&[Float(1.0), Float(0.1), Float(1e300), Float(-1e-7)]), "1.0,0.1,1e+300,-1e-7\n");
        assert_eq!(line(&[Float32(0.1), Float(f64::NAN), Float(f64::NEG_INFINITY)]), "0.1,NaN,-inf\n");
    }
}
