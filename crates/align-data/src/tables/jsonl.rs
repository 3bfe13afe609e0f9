//! JSON Lines: an object a line.

use super::columns::{Column, Kind, empty_column, frame_of, known};
use crate::{Error, Result};
use polars_core::frame::DataFrame;
use polars_core::prelude::{AnyValue, Column as Series, IntoColumn, NamedFrom, PlSmallStr};
use serde_json::{Map, Value};
use std::io::Write;
use std::path::Path;

pub(super) fn read(path: &Path, bytes: &[u8], columns: &[Column]) -> Result<DataFrame> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let line = bytes.iter().take(e.valid_up_to()).filter(|&&byte| byte == b'\n').count() + 1;
        Error::Line { path: path.to_owned(), line, problem: "not UTF-8 text".to_owned() }
    })?;
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').split('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let problem = |problem: String| Error::Line { path: path.to_owned(), line: index + 1, problem };
        let row: Map<String, Value> = match serde_json::from_str(line) {
            Ok(Value::Object(row)) => row,
            Ok(other) => return Err(problem(format!("expected a JSON object, found {}", kind_of(&other)))),
            Err(e) => return Err(problem(format!("not valid JSON: {e}"))),
        };
        for name in row.keys() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        rows.push(row);
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
