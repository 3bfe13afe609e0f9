//! Alpaca's columns: `instruction`, `input`, `output`, `system` and `history`.

use super::super::column_context::ColumnContext;
use super::super::columns::ColumnKind;
use super::super::raw_table::RawTable;
use super::super::value::Value;
use crate::Result;
use crate::chat::Message;

/// Takes the prompts: the turns of `history`, and the instruction with its input on the next line.
pub(super) fn take_prompts(raw: &mut RawTable) -> Result<Vec<Vec<Message>>> {
    let instructions = raw.texts("instruction")?;
    let inputs = raw.optional_nullable_texts("input")?.unwrap_or_default();
    let systems = raw.optional_nullable_texts("system")?.unwrap_or_default();
    let histories = take_histories(raw)?;
    let prompt = |(row, instruction): (usize, String)| {
        let system = systems.get(row).and_then(Option::as_deref).filter(|text| !text.is_empty());
        let question = match inputs.get(row).and_then(Option::as_deref).unwrap_or_default() {
            "" => instruction,
            input => [&instruction, "\n", input].concat(),
        };
        let history = histories
            .get(row)
            .into_iter()
            .flatten()
            .flat_map(|(question, answer)| [Message::new("user", question), Message::new("assistant", answer)]);
        let system = system.map(|text| Message::new("system", text));
        system.into_iter().chain(history).chain([Message::new("user", &question)]).collect()
    };
    Ok(instructions.into_iter().enumerate().map(prompt).collect())
}

/// The earlier questions and answers of each row.
fn take_histories(raw: &mut RawTable) -> Result<Vec<Vec<(String, String)>>> {
    let read = |column: &ColumnContext<'_>, values: &[Value<'_>], _: &[String]| {
        let history = |(row, value): (usize, &Value<'_>)| {
            let expected = "a list of pairs of question and answer";
            match value {
                Value::Null => Ok(Vec::new()),
                Value::Json(json) => {
                    serde_json::from_str(json).map_err(|problem| column.cell_error(row, expected, problem.to_string()))
                }
                other => Err(column.cell_error(row, expected, other.type_name())),
            }
        };
        values.iter().enumerate().map(history).collect()
    };
    Ok(raw.take("history", ColumnKind::Any, read)?.unwrap_or_default())
}
