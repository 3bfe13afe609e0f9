//! Fields as polars and pandas write them: a text in quotes where it must be, an empty one too, which tells it from no text. The
//! csv crate writes both alike.

use super::super::value::Value;
use std::io::{Result, Write};

/// Writes one line.
pub(in super::super) fn write<'a>(file: &mut impl Write, values: impl IntoIterator<Item = Value<'a>>) -> Result<()> {
    for (place, value) in values.into_iter().enumerate() {
        if place > 0 {
            file.write_all(b",")?;
        }
        match value {
            Value::Null => {}
            Value::Text(text) => write_text(file, text)?,
            Value::Bool(value) => write!(file, "{value}")?,
            Value::Int(number) => write!(file, "{number}")?,
            Value::Unsigned(number) => write!(file, "{number}")?,
            // The shortest digits that give the same number, as in JSON.
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
    for (place, part) in text.split('"').enumerate() {
        if place > 0 {
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

    /// The lines are polars' own.
    #[test]
    fn values_stand_as_polars_writes_them() {
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
