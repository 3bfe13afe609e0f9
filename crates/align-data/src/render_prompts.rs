use crate::chat::RenderOptions;
use crate::{ConversationPrompt, Error, Result, Tokenizer};

/// Renders conversations with the tokeniser's chat template, for a model that continues them: each text ends with the header of the
/// assistant's turn. They are tokenised without further special tokens ([`Tokenizer::encode_batch`]).
///
/// # Errors
/// The tokeniser has no chat template, or it refuses a conversation; the error has the number of the row, counted from 1.
pub fn render_prompts(tokenizer: &Tokenizer, prompts: &[ConversationPrompt]) -> Result<Vec<String>> {
    let render = |(row, prompt): (usize, &ConversationPrompt)| {
        let inputs = &prompt.inputs;
        let options = RenderOptions {
            add_generation_prompt: true,
            tools: inputs.tools.as_ref(),
            variables: Some(&inputs.chat_template_kwargs),
            ..RenderOptions::default()
        };
        let template = tokenizer.chat_template(None, inputs.tools.as_ref())?;
        let rendered = template.render(&prompt.messages, &options);
        rendered
            .map(|chat| chat.text)
            .map_err(|problem| Error::Conversation { row: row + 1, problem: Box::new(problem) })
    };
    prompts.iter().enumerate().map(render).collect()
}
