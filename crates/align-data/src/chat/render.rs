//! Applies a chat template to a conversation.

use super::continue_message::{self, ContinuedChat};
use super::generation::{self, Generation};
use super::message::Message;
use super::rendered_chat::RenderedChat;
use super::template::{ChatTemplate, NAME, library_failure, with_large_stack};
use crate::{Error, Result};
use minijinja::Value as Variable;
use minijinja::value::Serde;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a chat template is applied with, as for transformers' `apply_chat_template`.
#[derive(Debug, Clone, Copy, Default)]
pub struct RenderOptions<'a> {
    /// Whether the text ends with the header of the assistant's next turn.
    pub add_generation_prompt: bool,
    /// Whether the last message is left open, so that a model continues it. Excludes `add_generation_prompt`.
    pub continue_final_message: bool,
    /// The functions that the model may call: a list of JSON schemas.
    pub tools: Option<&'a Value>,
    /// Documents for retrieval: a list of objects.
    pub documents: Option<&'a Value>,
    /// Further variables, TRL's `chat_template_kwargs`. They take precedence over special tokens.
    pub variables: Option<&'a Map<String, Value>>,
}

/// Variables that a caller may not set through [`RenderOptions::variables`], because options set them.
const RESERVED: [&str; 4] = ["messages", "tools", "documents", "add_generation_prompt"];

impl ChatTemplate {
    /// Renders a conversation.
    ///
    /// # Errors
    /// When the template refuses the conversation ([`Error::ChatRefused`]), fails or exceeds its limits
    /// ([`Error::ChatTemplate`]), when the last message cannot be continued ([`Error::ContinueFinalMessage`]), or when
    /// options contradict each other.
    pub fn render(&self, messages: &[Message], options: &RenderOptions<'_>) -> Result<RenderedChat> {
        check(messages, options)?;
        if !options.continue_final_message {
            return self.apply(messages, options);
        }
        let continued = ContinuedChat::new(messages, self.source())?;
        let mut chat = self.apply(&continued.messages, options)?;
        continue_message::cut(&mut chat, &continued)?;
        Ok(chat)
    }

    fn apply(&self, messages: &[Message], options: &RenderOptions<'_>) -> Result<RenderedChat> {
        let generation = Arc::new(Generation::default());
        let mut variables: BTreeMap<Cow<'_, str>, Variable> = BTreeMap::new();
        for (name, value) in self.special_tokens().iter().chain(options.variables.into_iter().flatten()) {
            variables.insert(name.as_str().into(), Variable::from(Serde(value)));
        }
        let optional =
            |value: Option<&Value>| value.map_or_else(|| Variable::from(()), |value| Variable::from(Serde(value)));
        variables.insert("messages".into(), Variable::from(Serde(messages)));
        variables.insert("tools".into(), optional(options.tools));
        variables.insert("documents".into(), optional(options.documents));
        variables.insert("add_generation_prompt".into(), options.add_generation_prompt.into());
        variables.insert(generation::NAME.into(), Variable::from_dyn_object(generation.clone()));

        let given = messages.iter().flat_map(|message| message.fields().values());
        let given = given
            .chain(options.tools)
            .chain(options.documents)
            .chain(options.variables.into_iter().flat_map(Map::values));
        let environment = self.environment(given.map(text_bytes).sum());
        let template = environment.get_template(NAME).map_err(|problem| self.error(&problem))?;
        let mut output = Output { bytes: Vec::new(), written: Arc::clone(&generation.written) };
        let rendered =
            with_large_stack(|| template.render_captured_to(Variable::from_pairs(variables), &mut output).map(drop));
        rendered.map_err(|panic| library_failure(self.path(), &panic))?.map_err(|error| self.error(&error))?;
        let text = String::from_utf8(output.bytes).map_err(|e| library_failure(self.path(), &e.to_string()))?;
        Ok(RenderedChat { text, assistant_spans: generation.take_spans() })
    }
}

/// The bytes of all texts in a value.
fn text_bytes(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + text_bytes(value)).sum(),
        _ => 1,
    }
}

/// Collects the text and counts its bytes.
struct Output {
    bytes: Vec<u8>,
    written: Arc<AtomicUsize>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        self.written.store(self.bytes.len(), Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Checks that the options fit together.
fn check(messages: &[Message], options: &RenderOptions<'_>) -> Result<()> {
    let error =
        |option, expected: &str, found: String| Err(Error::Option { option, expected: expected.to_owned(), found });
    if messages.is_empty() {
        return error("messages", "at least one message", "none".to_owned());
    }
    if options.add_generation_prompt && options.continue_final_message {
        return error(
            "continue_final_message",
            "false beside add_generation_prompt, since a turn is either continued or begun",
            "true".to_owned(),
        );
    }
    for (option, value) in [("tools", options.tools), ("documents", options.documents)] {
        let objects = |list: &Vec<Value>| list.iter().all(Value::is_object);
        if let Some(value) = value.filter(|value| !value.as_array().is_some_and(objects)) {
            return error(option, "a list of JSON objects", value.to_string());
        }
    }
    let mut names = options.variables.into_iter().flat_map(Map::keys);
    match names.find(|name| RESERVED.contains(&name.as_str())) {
        Some(name) => error("variables", "names that no option sets", name.clone()),
        None => Ok(()),
    }
}
