use super::super::value::Value;
use std::io::{Result, Write};

/// Writes one line: an object of these names and values.
pub(in super::super) fn write<'a>(
    file: &mut impl Write,
    names: &[&str],
    values: impl IntoIterator<Item = Value<'a>>,
) -> Result<()> {
    for (place, (name, value)) in names.iter().zip(values).enumerate() {
        file.write_all(if place == 0 { b"{" } else { b", " })?;
        serde_json::to_writer(&mut *file, name)?;
        file.write_all(b": ")?;
        serde_json::to_writer(&mut *file, &json(value))?;
    }
    file.write_all(b"}\n")
}

/// A number that JSON cannot hold (not finite) becomes null.
fn json(value: Value<'_>) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => value.into(),
        Value::Int(number) => number.into(),
        Value::Unsigned(number) => number.into(),
        Value::Float32(number) => number.into(),
        Value::Float(number) => number.into(),
        Value::Text(text) => text.into(),
    }
}
