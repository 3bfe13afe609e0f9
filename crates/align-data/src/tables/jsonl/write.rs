use super::super::value::Value;
use std::io::{Result, Write};

/// Writes one line: a JSON object with these names and values.
pub(in super::super) fn write<'a>(
    file: &mut impl Write,
    names: &[&str],
    values: impl IntoIterator<Item = Value<'a>>,
) -> Result<()> {
    for (index, (name, value)) in names.iter().zip(values).enumerate() {
        file.write_all(if index == 0 { b"{" } else { b", " })?;
        serde_json::to_writer(&mut *file, name)?;
        file.write_all(b": ")?;
        match value {
            Value::Json(text) => file.write_all(text.as_bytes())?,
            value => serde_json::to_writer(&mut *file, &json(value))?,
        }
    }
    file.write_all(b"}\n")
}

/// JSON has no infinities and no NaN: such numbers become null.
fn json(value: Value<'_>) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => value.into(),
        Value::Int(number) => number.into(),
        Value::Unsigned(number) => number.into(),
        Value::Float32(number) => number.into(),
        Value::Float(number) => number.into(),
        Value::Text(text) | Value::Json(text) => text.into(),
    }
}
