//! The columns `tools` and `chat_template_kwargs`.

use super::super::column_context::ColumnContext;
use super::super::columns::ColumnKind;
use super::super::raw_table::RawTable;
use super::super::value::Value as Cell;
use crate::{Result, TemplateInputs};
use serde_json::{Map, Value};

/// Takes both columns. Rows without them have no inputs.
pub(super) fn take_inputs(raw: &mut RawTable, rows: usize) -> Result<Vec<TemplateInputs>> {
    let tools = take_values(raw, "tools", "a list of functions, or its JSON text", |value| match value {
        Value::Array(_) => Some(value),
        _ => None,
    })?;
    let kwargs = take_values(raw, "chat_template_kwargs", "an object, or its JSON text", |value| match value {
        Value::Object(fields) => Some(fields),
        _ => None,
    })?;
    let mut kwargs = kwargs.into_iter().chain(std::iter::repeat(None));
    let tools = tools.into_iter().chain(std::iter::repeat(None)).take(rows);
    let inputs = tools.map(|tools| {
        let chat_template_kwargs: Map<String, Value> = kwargs.next().flatten().unwrap_or_default();
        TemplateInputs { tools, chat_template_kwargs }
    });
    Ok(inputs.collect())
}

fn take_values<T>(
    raw: &mut RawTable,
    name: &str,
    expected: &'static str,
    of_kind: impl Fn(Value) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let read = |column: &ColumnContext<'_>, values: &[Cell<'_>], _: &[String]| {
        let value = |(row, cell): (usize, &Cell<'_>)| match cell {
            Cell::Null => Ok(None),
            Cell::Text(json) | Cell::Json(json) => match serde_json::from_str(json) {
                Ok(Value::Null) => Ok(None),
                Ok(value) => match of_kind(value) {
                    Some(value) => Ok(Some(value)),
                    None => Err(column.cell_error(row, expected, shortened(json))),
                },
                Err(problem) => Err(column.cell_error(row, expected, format!("text that is not JSON: {problem}"))),
            },
            other => Err(column.cell_error(row, expected, other.type_name())),
        };
        values.iter().enumerate().map(value).collect()
    };
    Ok(raw.take(name, ColumnKind::Any, read)?.unwrap_or_default())
}

/// Most characters of a value in an error message.
const SHOWN: usize = 60;

fn shortened(json: &str) -> String {
    match json.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", json.get(..end).unwrap_or_default()),
        None => json.to_owned(),
    }
}
