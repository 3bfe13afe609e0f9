//! `continue_final_message`: the text ends where the last message ends.
//!
//! As in transformers, a mark is added to the message before the template is applied, and the text is cut at the mark.

use super::message::Message;
use super::rendered_chat::RenderedChat;
use crate::{Error, Result};
use serde_json::Value;

/// The mark of transformers. Its last space shows whether the template trimmed the message.
const MARK: &str = "CONTINUE_FINAL_MESSAGE_TAG ";
const FIELD: &str = "content";

/// A conversation whose last message ends with the mark.
pub(super) struct ContinuedChat {
    pub messages: Vec<Message>,
    /// The last message's text without the mark.
    text: String,
}

impl ContinuedChat {
    pub fn new(messages: &[Message], source: &str) -> Result<Self> {
        let mut messages = messages.to_vec();
        let content = messages.last_mut().and_then(|message| message.fields_mut().get_mut(FIELD));
        let text = match content {
            Some(Value::String(content)) => mark(content),
            // Of several parts, the last one with a text is continued.
            Some(Value::Array(parts)) => {
                let last = parts.iter_mut().rev().find_map(|part| part.get_mut("text"));
                match last {
                    Some(Value::String(text)) => mark(text),
                    _ => return Err(error("no part of its content has a text")),
                }
            }
            Some(Value::Null) | None => return Err(error("it has no content")),
            Some(_) => return Err(error("its content is not a text")),
        };
        if !source.contains(FIELD) {
            return Err(error("the chat template does not use its content"));
        }
        Ok(Self { messages, text })
    }
}

fn mark(content: &mut String) -> String {
    let text = content.clone();
    content.push_str(MARK);
    text
}

/// Cuts the text where the last message ends.
pub(super) fn cut(chat: &mut RenderedChat, continued: &ContinuedChat) -> Result<()> {
    let found = chat.text.rfind(MARK.trim_end()).filter(|_| chat.text.contains(continued.text.trim()));
    let Some(end) = found else {
        return Err(error("it does not appear unchanged in the rendered text: the chat template omits or changes it"));
    };
    let kept = chat.text.get(..end).unwrap_or_default();
    let trimmed = !chat.text.get(end..).is_some_and(|rest| rest.starts_with(MARK));
    let length = if trimmed { kept.trim_end().len() } else { kept.len() };
    chat.text.truncate(length);
    for span in &mut chat.assistant_spans {
        span.start = span.start.min(length);
        span.end = span.end.min(length);
    }
    Ok(())
}

fn error(problem: &str) -> Error {
    Error::ContinueFinalMessage { problem: problem.to_owned() }
}
