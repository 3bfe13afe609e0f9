//! JSON Lines: an object a line.

use super::columns::{Column, Kind, empty_column, frame_of, known};
use crate::{Error, Result};
use polars_core::frame::DataFrame;
use polars_core::prelude::{AnyValue, Column as Series, IntoColumn, NamedFrom, PlSmallStr};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fmt;
use std::io::Write;
use std::path::Path;

pub(super) fn read(path: &Path, bytes: &[u8], columns: &[Column]) -> Result<DataFrame> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes.iter().take(e.valid_up_to()).filter(|&&byte| byte == b'\n').count() + 1;
        Error::Line { path: path.to_owned(), line, problem: "not UTF-8 text".to_owned() }
    })?;
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut known_names: HashSet<String> = HashSet::new();
    for (index, line) in text.trim_start_matches('\u{feff}').split('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let problem = |problem: String| Error::Line { path: path.to_owned(), line: index + 1, problem };
        let Row(row) = serde_json::from_str(line).map_err(|e| problem(in_words(&e)))?;
        for name in row.keys() {
            if known_names.insert(name.clone()) {
                names.push(name.clone());
            }
        }
        rows.push(row);
        // Each row has a cell under every name: names that stand once each would fill memory with nulls.
        if rows.len().saturating_mul(names.len()) > bytes.len() {
            let (rows, names) = (rows.len(), names.len());
            return Err(problem(format!(
                "{names} different names in {rows} rows: expected the same names in each row"
            )));
        }
    }
    let mut series = Vec::with_capacity(names.len());
    if rows.is_empty() {
        // A file without lines is a table without rows: nothing in it could name the columns.
        series.extend(columns.iter().map(|column| empty_column(column.name, column.kind)));
    }
    for name in &names {
        series.extend(column(path, name, &rows, known(columns, name))?);
    }
    frame_of(rows.len(), series, &path.display().to_string())
}

/// A JSON object in which no name stands twice: the second value would silently replace the first.
struct Row(Map<String, Value>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Row;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> std::result::Result<Row, A::Error> {
                let mut row = Map::new();
                while let Some((name, value)) = fields.next_entry::<String, Value>()? {
                    if row.contains_key(&name) {
                        return Err(A::Error::custom(format!("the field {name:?} stands twice")));
                    }
                    row.insert(name, value);
                }
                Ok(Row(row))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// What serde_json found wrong with a line; the line in its words is always the first.
fn in_words(problem: &serde_json::Error) -> String {
    let words = problem.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    match problem.classify() {
        Category::Data => format!("column {}: {words}", problem.column()),
        _ => format!("not valid JSON: column {}: {words}", problem.column()),
    }
}

/// The values under one name as a column, or `None` where the table does not know the name and they are not flat.
fn column(path: &Path, name: &str, rows: &[Map<String, Value>], known: Option<&Column>) -> Result<Option<Series>> {
    let values = || rows.iter().map(|row| row.get(name).filter(|value| !value.is_null()));
    let fits = |value: &Value, kind: Kind| match kind {
        Kind::Text => value.is_string(),
        Kind::Number => value.is_number(),
    };
    if let Some(known) = known {
        let wrong = values().enumerate().find_map(|(row, value)| Some((row, value.filter(|v| !fits(v, known.kind))?)));
        if let Some((row, value)) = wrong {
            return Err(Error::Cell {
                origin: path.display().to_string(),
                row: row + 1,
                column: name.to_owned(),
                expected: match known.kind {
                    Kind::Text => "text",
                    Kind::Number => "a finite number",
                },
                found: kind_of(value).to_owned(),
            });
        }
    }
    let all = |is: fn(&Value) -> bool| values().flatten().all(is);
    let name = PlSmallStr::from_str(name);
    use polars_core::series::Series as S;
    let series = if all(Value::is_string) {
        S::new(name, values().map(|value| value.and_then(Value::as_str)).collect::<Vec<_>>())
    } else if all(Value::is_i64) {
        S::new(name, values().map(|value| value.and_then(Value::as_i64)).collect::<Vec<_>>())
    } else if all(Value::is_number) {
        S::new(name, values().map(|value| value.and_then(Value::as_f64)).collect::<Vec<_>>())
    } else if all(Value::is_boolean) {
        S::new(name, values().map(|value| value.and_then(Value::as_bool)).collect::<Vec<_>>())
    } else {
        tracing::warn!(table = %path.display(), column = %name, "column left out: lists, objects or mixed types");
        return Ok(None);
    };
    Ok(Some(series.into_column()))
}

pub(super) fn write(path: &Path, mut file: impl Write, frame: &DataFrame) -> Result<()> {
    let failed = |e: std::io::Error| Error::write(path, e);
    let names = frame
        .get_column_names()
        .iter()
        .map(|name| serde_json::to_string(name.as_str()))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|e| failed(e.into()))?;
    for row in 0..frame.height() {
        for (place, (name, column)) in names.iter().zip(frame.columns()).enumerate() {
            let before = if place == 0 { "{" } else { ", " };
            let value = column.get(row).map_err(|e| failed(std::io::Error::other(e)))?;
            write!(file, "{before}{name}: ").map_err(failed)?;
            serde_json::to_writer(&mut file, &json(&value)).map_err(|e| failed(e.into()))?;
        }
        file.write_all(b"}\n").map_err(failed)?;
    }
    Ok(())
}

/// A flat value; a number that JSON cannot hold (not finite) becomes null.
fn json(value: &AnyValue<'_>) -> Value {
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => Value::Bool(*value),
        AnyValue::Float32(value) => Value::from(*value),
        AnyValue::Float64(value) => Value::from(*value),
        AnyValue::UInt64(value) => Value::from(*value),
        other => match (other.get_str(), other.extract::<i64>()) {
            (Some(text), _) => Value::from(text),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::Null,
        },
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
