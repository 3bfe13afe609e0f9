//! Applies the chat template to a row.

use crate::chat::{Message, RenderOptions, RenderedChat};
use crate::{Error, Result, TemplateInputs, Tokenizer};

/// The texts of a row: the prompt with the header of the assistant's turn, and the prompt with each completion.
pub(crate) struct RenderedRow<const N: usize> {
    pub prompt: String,
    pub sequences: [RenderedChat; N],
}

/// Renders a row as TRL does. The inner error is the reason for which the template refuses the row, after its file.
pub(crate) fn render_row<const N: usize>(
    tokenizer: &Tokenizer,
    prompt: &[Message],
    completions: [&[Message]; N],
    inputs: &TemplateInputs,
) -> Result<std::result::Result<RenderedRow<N>, String>> {
    let template = tokenizer.chat_template(None, inputs.tools.as_ref())?;
    let render = |messages: &[Message], add_generation_prompt: bool| {
        let options = RenderOptions {
            add_generation_prompt,
            tools: inputs.tools.as_ref(),
            variables: Some(&inputs.chat_template_kwargs),
            ..RenderOptions::default()
        };
        template.render(messages, &options)
    };
    let row = || -> Result<RenderedRow<N>> {
        // Without a prompt the completion is the whole conversation.
        let header = if prompt.is_empty() { String::new() } else { render(prompt, true)?.text };
        let mut sequences = Vec::with_capacity(N);
        for completion in completions {
            sequences.push(render(&[prompt, completion].concat(), false)?);
        }
        let sequences = <[RenderedChat; N]>::try_from(sequences);
        sequences
            .map(|sequences| RenderedRow { prompt: header, sequences })
            .map_err(|found| Error::Batch(format!("expected {N} rendered texts, found {}", found.len())))
    };
    match row() {
        Ok(row) => Ok(Ok(row)),
        Err(Error::ChatRefused { path, message }) => Ok(Err(format!("{}: {message}", path.display()))),
        Err(Error::ChatTemplate { path, line, problem }) => {
            let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
            Ok(Err(format!("{}{line}: {problem}", path.display())))
        }
        Err(error) => Err(error),
    }
}
