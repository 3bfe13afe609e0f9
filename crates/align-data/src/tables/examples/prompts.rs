//! Conversations that a model is to continue.

use super::super::columns::Column;
use super::super::content::Contents;
use super::super::raw_table::RawTable;
use super::template_inputs::take_inputs;
use super::{ExampleRow, alpaca, note, share_gpt};
use crate::chat::Message;
use crate::{ConversationPrompt, Result};

impl ExampleRow for ConversationPrompt {
    fn columns() -> Vec<Column> {
        let others = ["conversations", "messages", "instruction", "input", "system", "history", "tools"];
        let others = others.into_iter().chain(["chat_template_kwargs"]).map(Column::any);
        [Column::content("prompt").optional()].into_iter().chain(others).collect()
    }

    fn read_rows(raw: &mut RawTable, notes: &mut Vec<String>) -> Result<Vec<Self>> {
        raw.check_columns(&Self::columns())?;
        let prompts = match share_gpt::column(raw).filter(|_| !raw.has("prompt")) {
            Some(column) => {
                let mut all = share_gpt::take_conversations(raw, column)?;
                // What the assistant says at the end is what the model is asked for.
                let answers = all.iter_mut().filter_map(|messages| messages.pop_if(|last| last.role() == "assistant"));
                if answers.count() > 0 {
                    note(notes, "the assistant's messages at the end of conversations are left out");
                }
                all
            }
            None if raw.has("instruction") && !raw.has("prompt") => {
                note(notes, "layout: Alpaca (instruction and input are the user's message)");
                alpaca::take_prompts(raw)?
            }
            None => match raw.contents("prompt")? {
                Contents::Messages(prompts) => prompts,
                Contents::Texts(texts) => texts.iter().map(|text| vec![Message::new("user", text)]).collect(),
            },
        };
        let inputs = take_inputs(raw, prompts.len())?;
        Ok(prompts.into_iter().zip(inputs).map(|(messages, inputs)| Self { messages, inputs }).collect())
    }

    fn is_conversation(&self) -> bool {
        true
    }
}
