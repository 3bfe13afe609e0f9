//! The result of applying a chat template.

use std::ops::Range;

/// The text of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedChat {
    /// The text, to be tokenised without further special tokens.
    pub text: String,
    /// The parts that `{% generation %}` marks in the template, as ranges of bytes: what the assistant said.
    pub assistant_spans: Vec<Range<usize>>,
}
