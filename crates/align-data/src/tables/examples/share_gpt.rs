//! Conversations in the columns `messages` or `conversations`, with the column `system` of LLaMA-Factory.

use super::super::raw_table::RawTable;
use crate::Result;
use crate::chat::Message;

/// The columns of conversations, in the order in which they are looked for.
pub(super) const COLUMNS: [&str; 2] = ["messages", "conversations"];

/// The column of conversations that the file has, if any.
pub(super) fn column(raw: &RawTable) -> Option<&'static str> {
    COLUMNS.into_iter().find(|name| raw.has(name))
}

/// Takes the conversations of a column. A text in the column `system` becomes their first message.
pub(super) fn take_conversations(raw: &mut RawTable, name: &str) -> Result<Vec<Vec<Message>>> {
    let mut conversations = raw.optional_messages(name)?.unwrap_or_default();
    let systems = raw.optional_nullable_texts("system")?.unwrap_or_default();
    for (conversation, system) in conversations.iter_mut().zip(systems) {
        if let Some(system) = system.filter(|text| !text.is_empty()) {
            conversation.insert(0, Message::new("system", &system));
        }
    }
    Ok(conversations)
}
