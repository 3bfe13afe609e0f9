//! Completions with a label.

use super::super::columns::Column;
use super::super::content::Contents;
use super::super::raw_table::RawTable;
use super::super::table::Row;
use super::pairs::PLAIN_COLUMNS;
use super::template_inputs::take_inputs;
use super::{ExampleRow, alpaca, note, share_gpt};
use crate::chat::Message;
use crate::{Error, Example, PairExample, Result, UnpairedConversation, UnpairedExample, UnpairedPreference};

impl ExampleRow for UnpairedExample {
    fn columns() -> Vec<Column> {
        let sides = PairExample::columns().into_iter().map(Column::optional);
        let own = [Column::content("completion").optional(), Column::boolean("label").optional()];
        own.into_iter().chain(sides).chain([Column::any("output"), Column::any("kto_tag")]).collect()
    }

    fn read_rows(raw: &mut RawTable, notes: &mut Vec<String>) -> Result<Vec<Self>> {
        if raw.has("chosen") || raw.has("rejected") {
            return Ok(unpair(PairExample::read_rows(raw, notes)?));
        }
        if let Some(column) = share_gpt::column(raw).filter(|_| !raw.has("completion")) {
            note(notes, &format!("layout: {column} and label; the last message is judged"));
            let labels = labels(raw)?;
            let conversations = share_gpt::take_conversations(raw, column)?;
            return split_last(raw, column, conversations, labels);
        }
        if raw.has("instruction") && raw.has("output") && !raw.has("completion") {
            note(notes, "layout: Alpaca (instruction and input are the user's message, output is judged)");
            let labels = labels(raw)?;
            let (prompts, outputs) = (alpaca::take_prompts(raw)?, raw.texts("output")?);
            let answers = outputs.iter().map(|text| vec![Message::new("assistant", text)]).collect();
            return conversations(raw, prompts, answers, labels);
        }
        raw.require_any(&["completion", "label"], &[UnpairedPreference::COLUMNS, PLAIN_COLUMNS])?;
        raw.check_columns(&with_required(&["prompt", "completion", "label"]))?;
        let labels = labels(raw)?;
        match (raw.contents("prompt")?, raw.contents("completion")?) {
            (Contents::Texts(prompts), Contents::Texts(completions)) => {
                let rows = prompts.into_iter().zip(completions).zip(labels);
                let row = |((prompt, completion), label)| UnpairedPreference::new(prompt, completion, label);
                Ok(rows.map(row).map(Example::Plain).collect())
            }
            (Contents::Messages(prompts), Contents::Messages(completions)) => {
                conversations(raw, prompts, completions, labels)
            }
            _ => Err(different_columns(raw)),
        }
    }

    fn is_conversation(&self) -> bool {
        matches!(self, Self::Conversation(_))
    }
}

/// Two rows for each pair: the chosen side is desirable, the rejected one is not.
fn unpair(pairs: Vec<PairExample>) -> Vec<UnpairedExample> {
    let rows = pairs.into_iter().flat_map(|pair| -> Vec<UnpairedExample> {
        match pair {
            Example::Plain(pair) => UnpairedPreference::from_pairs(&[pair]).into_iter().map(Example::Plain).collect(),
            Example::Conversation(pair) => {
                UnpairedConversation::from_pairs(vec![pair]).into_iter().map(Example::Conversation).collect()
            }
        }
    });
    rows.collect()
}

/// The labels; LLaMA-Factory calls them `kto_tag`.
fn labels(raw: &mut RawTable) -> Result<Vec<bool>> {
    let name = if !raw.has("label") && raw.has("kto_tag") { "kto_tag" } else { "label" };
    raw.booleans(name)
}

fn split_last(
    raw: &mut RawTable,
    column: &str,
    all: Vec<Vec<Message>>,
    labels: Vec<bool>,
) -> Result<Vec<UnpairedExample>> {
    let (mut prompts, mut completions) = (Vec::with_capacity(all.len()), Vec::with_capacity(all.len()));
    for (row, mut messages) in all.into_iter().enumerate() {
        let last = messages.pop().filter(|last| last.role() == "assistant" && !messages.is_empty());
        completions.push(vec![last.ok_or_else(|| Error::Cell {
            origin: raw.origin().to_owned(),
            row: row + 1,
            column: column.to_owned(),
            expected: "messages that end with one of the assistant".into(),
            found: "none at the end, or no other message".to_owned(),
        })?]);
        prompts.push(messages);
    }
    conversations(raw, prompts, completions, labels)
}

fn conversations(
    raw: &mut RawTable,
    prompts: Vec<Vec<Message>>,
    completions: Vec<Vec<Message>>,
    labels: Vec<bool>,
) -> Result<Vec<UnpairedExample>> {
    let inputs = take_inputs(raw, prompts.len())?;
    let rows = prompts.into_iter().zip(completions).zip(labels).zip(inputs);
    let row = |(((prompt, completion), label), inputs)| {
        Example::Conversation(UnpairedConversation { prompt, completion, label, from_pair: false, inputs })
    };
    Ok(rows.map(row).collect())
}

/// The columns of which these must exist.
fn with_required(names: &[&str]) -> Vec<Column> {
    let columns = UnpairedExample::columns().into_iter();
    columns.map(|column| Column { required: names.contains(&column.name), ..column }).collect()
}

fn different_columns(raw: &RawTable) -> Error {
    Error::ColumnType {
        origin: raw.origin().to_owned(),
        column: "completion".to_owned(),
        expected: "lists of messages in prompt and completion, or text in both",
        found: "text in one of the two only".to_owned(),
    }
}
