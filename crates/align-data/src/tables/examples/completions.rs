//! Conversations and texts for supervised fine-tuning.

use super::super::columns::Column;
use super::super::content::Contents;
use super::super::raw_table::RawTable;
use super::super::table::Row;
use super::super::texts::Text;
use super::template_inputs::take_inputs;
use super::{ExampleRow, alpaca, note, share_gpt};
use crate::chat::Message;
use crate::{CompletionExample, ConversationCompletion, Error, Example, Result};

impl ExampleRow for CompletionExample {
    fn columns() -> Vec<Column> {
        let own = [Column::content("prompt"), Column::content("completion"), Column::text("text")];
        let others = ["conversations", "messages", "instruction", "input", "output", "system", "history", "tools"];
        let others = others.into_iter().chain(["chat_template_kwargs"]).map(Column::any);
        own.into_iter().map(Column::optional).chain(others).collect()
    }

    fn read_rows(raw: &mut RawTable, notes: &mut Vec<String>) -> Result<Vec<Self>> {
        raw.check_columns(&Self::columns())?;
        let has_labels = ["label", "kto_tag"].into_iter().find(|name| raw.has(name));
        if let Some(label) = has_labels.filter(|_| !raw.has("text")) {
            note(notes, &format!("the column {label} is not used: rows of all labels are taken"));
        }
        if let Some(column) = share_gpt::column(raw).filter(|_| !raw.has("completion")) {
            if column == "conversations" {
                note(notes, "layout: ShareGPT (conversations)");
            }
            let all = share_gpt::take_conversations(raw, column)?;
            return conversations(raw, vec![Vec::new(); all.len()], all);
        }
        let is_alpaca = raw.has("instruction") && raw.has("output");
        if is_alpaca && !raw.has("completion") && !raw.has("text") {
            note(notes, "layout: Alpaca (instruction and input are the user's message, output is the answer)");
            let (prompts, outputs) = (alpaca::take_prompts(raw)?, raw.texts("output")?);
            let answers = outputs.iter().map(|text| vec![Message::new("assistant", text)]).collect();
            return conversations(raw, prompts, answers);
        }
        let forms: [&[Column]; 3] = [<(String, String)>::COLUMNS, Text::COLUMNS, &[MESSAGES]];
        raw.require_any(&["completion", "text"], &forms)?;
        if !raw.has("completion") {
            return Ok(raw.texts("text")?.into_iter().map(|text| Example::Plain((String::new(), text))).collect());
        }
        match (raw.contents("prompt")?, raw.contents("completion")?) {
            (Contents::Texts(prompts), Contents::Texts(completions)) => {
                Ok(prompts.into_iter().zip(completions).map(Example::Plain).collect())
            }
            (Contents::Messages(prompts), Contents::Messages(completions)) => conversations(raw, prompts, completions),
            _ => Err(Error::ColumnType {
                origin: raw.origin().to_owned(),
                column: "completion".to_owned(),
                expected: "lists of messages in prompt and completion, or text in both",
                found: "text in one of the two only".to_owned(),
            }),
        }
    }

    fn is_conversation(&self) -> bool {
        matches!(self, Self::Conversation(_))
    }
}

/// The column that error messages list besides those of texts.
const MESSAGES: Column = Column::content("messages");

fn conversations(
    raw: &mut RawTable,
    prompts: Vec<Vec<Message>>,
    completions: Vec<Vec<Message>>,
) -> Result<Vec<CompletionExample>> {
    let inputs = take_inputs(raw, prompts.len())?;
    let rows = prompts.into_iter().zip(completions).zip(inputs);
    let row =
        |((prompt, completion), inputs)| Example::Conversation(ConversationCompletion { prompt, completion, inputs });
    Ok(rows.map(row).collect())
}
