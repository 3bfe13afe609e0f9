//! Conversations and the chat templates that turn them into text.
//!
//! A [`ChatTemplate`] is a Jinja template that a model's folder contains. [`crate::Tokenizer::chat_template`] finds it,
//! [`ChatTemplate::render`] applies it to [`Message`]s as transformers' `apply_chat_template` does.
//!
//! A template comes with a model and is not trusted: its size, the work that it may do, its output and its depth are
//! limited.

mod continue_message;
mod environment;
mod generation;
mod guards;
mod json;
mod message;
mod python_methods;
mod python_text;
mod render;
mod rendered_chat;
mod rewrite;
mod template;

pub use message::Message;
pub use render::RenderOptions;
pub use rendered_chat::RenderedChat;
pub use template::ChatTemplate;
