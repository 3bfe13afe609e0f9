//! The choice among the chat templates of a tokeniser.

use super::Tokenizer;
use super::named_template::{DEFAULT, FILE, NamedTemplate};
use super::special_tokens::ROLES;
use crate::chat::ChatTemplate;
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;

/// The template for conversations with functions, if there is one.
const TOOL_USE: &str = "tool_use";

impl Tokenizer {
    /// The chat template of a name. Without a name, it is the only template, or else `tool_use` if `tools` are given
    /// and there is such a template, or else `default`: the choice of transformers.
    ///
    /// # Errors
    /// When there is no such template, or it is not valid.
    pub fn chat_template(&self, name: Option<&str>, tools: Option<&Value>) -> Result<&ChatTemplate> {
        let find = |name: &str| self.chat_templates.iter().find(|template| template.name == name);
        let found = match name {
            Some(name) => find(name),
            None => tools.and_then(|_| find(TOOL_USE)).or_else(|| find(DEFAULT)),
        };
        let found = found.ok_or_else(|| self.no_chat_template(name))?;
        if let Some(compiled) = found.compiled.get() {
            return Ok(compiled);
        }
        let compiled = ChatTemplate::new(&found.source, &found.path, self.template_variables())?;
        Ok(found.compiled.get_or_init(|| compiled))
    }

    /// Uses a template in place of those of the folder. `path` is named in errors.
    ///
    /// # Errors
    /// When the template is not valid.
    pub fn with_chat_template(mut self, source: &str, path: impl AsRef<Path>) -> Result<Self> {
        let template = NamedTemplate::new(DEFAULT, source.to_owned(), path.as_ref().to_owned());
        self.chat_templates = Arc::new(vec![template]);
        self.chat_template(None, None)?;
        Ok(self)
    }

    /// Whether the tokeniser has a chat template.
    pub fn has_chat_template(&self) -> bool {
        !self.chat_templates.is_empty()
    }

    /// The special tokens as variables of templates.
    fn template_variables(&self) -> Map<String, Value> {
        let mut special = self.special.clone();
        let roles = ROLES.into_iter().filter_map(|role| Some((role.to_owned(), special.slot(role).take()?.into())));
        let mut variables: Map<String, Value> = roles.collect();
        variables.extend(self.named_tokens.clone());
        variables
    }

    fn no_chat_template(&self, name: Option<&str>) -> Error {
        let names: Vec<String> = self.chat_templates.iter().map(|template| format!("{:?}", template.name)).collect();
        let problem = match (name, names.as_slice()) {
            (_, []) => format!(
                "the tokeniser has no chat template, which conversations need: expected {FILE}, or chat_template in \
                 tokenizer_config.json; use a chat model or add a template"
            ),
            (None, names) => {
                format!(
                    "the tokeniser has several chat templates and none is the default: name one of {}",
                    names.join(", ")
                )
            }
            (Some(name), names) => format!("no chat template {name:?}, expected one of {}", names.join(", ")),
        };
        Error::NoChatTemplate { path: self.path.to_path_buf(), problem }
    }
}
