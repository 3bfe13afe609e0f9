//! The token that ends a turn of the assistant.

use super::Tokenizer;
use crate::Result;
use crate::chat::{ChatTemplate, Message, RenderOptions};

/// What the assistant says in the probed conversation.
const ANSWER: &str = "END-OF-TURN-PROBE";

impl Tokenizer {
    /// The id of the added token that the chat template writes after what the assistant says, such as `<|im_end|>`. Generation of an
    /// answer ends with it. `None` if the template writes other text there, or refuses a question with an answer.
    pub fn end_of_turn_token_id(&self, template: &ChatTemplate) -> Option<i64> {
        let messages = [Message::new("user", "Hello."), Message::new("assistant", ANSWER)];
        let chat = template.render(&messages, &RenderOptions::default()).ok()?;
        let (_, after) = chat.text.rsplit_once(ANSWER)?;
        let first = *self.encode(after.trim_start(), false).ok()?.first()?;
        let added = self.inner.get_added_tokens_decoder();
        u32::try_from(first).is_ok_and(|id| added.contains_key(&id)).then_some(first)
    }

    /// The ids that end an answer of a model with these EOS ids: those, and the token that ends a turn in the chat template.
    ///
    /// # Errors
    /// The tokeniser has no valid chat template.
    pub fn answer_end_token_ids(&self, eos_token_ids: &[i64]) -> Result<Vec<i64>> {
        let template = self.chat_template(None, None)?;
        let mut ends = eos_token_ids.to_vec();
        ends.extend(self.end_of_turn_token_id(template).filter(|id| !ends.contains(id)));
        Ok(ends)
    }
}
