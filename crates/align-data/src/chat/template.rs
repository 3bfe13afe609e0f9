//! A compiled chat template.

use super::environment;
use super::rewrite::rewrite;
use crate::catch_panic::catch_panic;
use crate::{Error, Result};
use minijinja::Environment;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

/// Longest template in bytes. Known ones have up to 30 KB.
const MAX_BYTES: usize = 128 << 10;
/// The stack for compiling and applying a template, which take as much as the longest template can ask for. Memory is
/// used only for the part that is needed.
const STACK_BYTES: usize = 128 << 20;
/// Conversations up to this size may take no more work than an empty one.
const SMALL_BYTES: usize = 64 << 10;
/// The name of the template in its environment.
pub(super) const NAME: &str = "chat_template";

/// A compiled chat template with the special tokens that it may use.
///
/// Usually [`crate::Tokenizer::chat_template`] gives it. Text of another origin is compiled by [`ChatTemplate::new`].
///
/// ```
/// use align_data::chat::{ChatTemplate, Message, RenderOptions};
/// let source = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}";
/// let tokens = serde_json::json!({"eos_token": "</s>"});
/// let template = ChatTemplate::new(source, "chat_template.jinja", tokens.as_object().cloned().unwrap_or_default())?;
/// let chat = template.render(&[Message::new("user", "Hi")], &RenderOptions::default())?;
/// assert_eq!(chat.text, "<user>Hi</s>");
/// # Ok::<(), align_data::Error>(())
/// ```
pub struct ChatTemplate {
    environment: Environment<'static>,
    source: String,
    path: PathBuf,
    special_tokens: Map<String, Value>,
    marks_generation: bool,
}

impl ChatTemplate {
    /// Compiles a template. `path` is named in errors; `special_tokens` are variables such as `bos_token`.
    ///
    /// # Errors
    /// When the template is too long or not valid.
    pub fn new(source: &str, path: impl AsRef<Path>, special_tokens: Map<String, Value>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        if source.len() > MAX_BYTES {
            let problem = format!("it has {} bytes, expected at most {MAX_BYTES}", source.len());
            return Err(Error::ChatTemplate { path, line: None, problem });
        }
        let mut environment = environment::environment().map_err(|problem| template_error(&path, &problem))?;
        let rewritten = rewrite(source).map_err(|(line, problem)| Error::ChatTemplate {
            path: path.clone(),
            line: Some(line),
            problem,
        })?;
        with_large_stack(|| environment.add_template_owned(NAME, rewritten.source))
            .map_err(|panic| library_failure(&path, &panic))?
            .map_err(|problem| template_error(&path, &problem))?;
        let marks_generation = rewritten.marks_generation;
        Ok(Self { environment, source: source.to_owned(), path, special_tokens, marks_generation })
    }

    /// The template's text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The file that the template was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the template marks what the assistant says with `{% generation %}`.
    pub fn marks_generation(&self) -> bool {
        self.marks_generation
    }

    pub(super) fn special_tokens(&self) -> &Map<String, Value> {
        &self.special_tokens
    }

    /// The environment for a conversation of so many bytes, which allows as much work more.
    pub(super) fn environment(&self, bytes: usize) -> Cow<'_, Environment<'static>> {
        if bytes <= SMALL_BYTES {
            return Cow::Borrowed(&self.environment);
        }
        let mut environment = self.environment.clone();
        let fuel = environment.fuel().unwrap_or_default();
        environment.set_fuel(Some(fuel.saturating_add(bytes as u64)));
        Cow::Owned(environment)
    }

    pub(super) fn error(&self, problem: &minijinja::Error) -> Error {
        template_error(&self.path, problem)
    }
}

impl fmt::Debug for ChatTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatTemplate").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Runs the library with a stack that suffices for any template. A panic becomes an error.
pub(super) fn with_large_stack<T>(run: impl FnOnce() -> T) -> std::result::Result<T, String> {
    stacker::grow(STACK_BYTES, || catch_panic(run))
}

pub(super) fn library_failure(path: &Path, panic: &str) -> Error {
    let problem = format!("the minijinja library fails on it: {panic}");
    Error::ChatTemplate { path: path.to_owned(), line: None, problem }
}

/// The error of a template. The template's own `raise_exception` refuses the conversation.
fn template_error(path: &Path, problem: &minijinja::Error) -> Error {
    let path = path.to_owned();
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(problem);
    let mut innermost = problem;
    while let Some(error) = source {
        if let Some(raised) = error.downcast_ref::<environment::Raised>() {
            return Error::ChatRefused { path, message: raised.0.clone() };
        }
        if let Some(error) = error.downcast_ref::<minijinja::Error>() {
            innermost = error;
        }
        source = error.source();
    }
    let problem = match innermost.kind() {
        minijinja::ErrorKind::OutOfFuel => {
            "it does more work than a chat template may: does it loop without end?".to_owned()
        }
        kind => innermost.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}")),
    };
    Error::ChatTemplate { path, line: innermost.line(), problem }
}
