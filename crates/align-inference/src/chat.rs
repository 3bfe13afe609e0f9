use crate::{Result, TextStream};
use align_data::Tokenizer;
use align_data::chat::{Message, RenderOptions};
use align_models::CausalLm;
use align_models::generation::{Generation, GenerationConfig, stream};
use std::ops::ControlFlow;

/// A conversation with a chat model: the messages so far, and an answer to each message of the user.
///
/// ```no_run
/// # use align_data::Tokenizer;
/// # use align_models::{CausalLm, generation::GenerationConfig};
/// # fn talk(model: &dyn CausalLm, tokenizer: &Tokenizer) -> align_inference::Result<()> {
/// use align_inference::Chat;
/// use std::ops::ControlFlow;
///
/// let mut chat = Chat::new(model, tokenizer, GenerationConfig { max_new_tokens: Some(40), ..Default::default() })?;
/// let answer = chat.answer("What is the capital of France?", |text| {
///     print!("{text}");
///     ControlFlow::Continue(())
/// })?;
/// println!("\n{} tokens", answer.tokens);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Chat<'a> {
    model: &'a dyn CausalLm,
    tokenizer: &'a Tokenizer,
    generation: GenerationConfig,
    system: Option<String>,
    messages: Vec<Message>,
}

/// An answer of [`Chat::answer`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The text, without special tokens.
    pub text: String,
    /// The number of generated tokens.
    pub tokens: usize,
    /// Why it ended.
    pub end: AnswerEnd,
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerEnd {
    /// The model ended its turn.
    EndOfTurn,
    /// The limit of `max_new_tokens` or `max_length` was reached.
    LengthLimit,
    /// The caller stopped it.
    Stopped,
}

impl<'a> Chat<'a> {
    /// Starts an empty conversation. An answer ends with the token that ends a turn in the chat template, or with an EOS of the model.
    ///
    /// # Errors
    /// The tokeniser has no chat template, or generation options contradict each other.
    pub fn new(model: &'a dyn CausalLm, tokenizer: &'a Tokenizer, generation: GenerationConfig) -> Result<Self> {
        let generation = answer_generation(generation, model, tokenizer)?;
        Generation::new(generation.clone())?;
        Ok(Self { model, tokenizer, generation, system: None, messages: Vec::new() })
    }

    /// Sets the system message, which comes first, and forgets all other messages. `None` leaves it to the chat template.
    pub fn set_system(&mut self, text: Option<String>) {
        self.system = text;
        self.reset();
    }

    /// Forgets all messages but that of the system.
    pub fn reset(&mut self) {
        self.messages = self.system.iter().map(|text| Message::new("system", text)).collect();
    }

    /// The messages so far.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Adds a message of the user and generates the answer. `on_text` gets each piece of text as soon as it is generated, and may stop the
    /// answer; what was generated until then stays in the conversation. Sampling draws other random numbers for each answer.
    ///
    /// # Errors
    /// The chat template refuses the messages, or the conversation is longer than the model allows. The message is then not added.
    pub fn answer(&mut self, message: &str, mut on_text: impl FnMut(&str) -> ControlFlow<()>) -> Result<Answer> {
        self.messages.push(Message::new("user", message));
        let answer = self.generate(&mut on_text);
        match &answer {
            Ok(answer) => self.messages.push(Message::new("assistant", &answer.text)),
            Err(_) => drop(self.messages.pop()),
        }
        answer
    }

    fn generate(&self, on_text: &mut impl FnMut(&str) -> ControlFlow<()>) -> Result<Answer> {
        let template = self.tokenizer.chat_template(None, None)?;
        let options = RenderOptions { add_generation_prompt: true, ..RenderOptions::default() };
        let prompt = self.tokenizer.encode(&template.render(&self.messages, &options)?.text, false)?;
        let seed = self.generation.seed.wrapping_add(self.messages.len() as u64);
        let mut generation = Generation::new(GenerationConfig { seed, ..self.generation.clone() })?;
        if generation.config().stop_strings.is_some() {
            generation = generation.with_token_bytes(self.tokenizer.token_bytes()?);
        }
        let mut tokens = stream(self.model, &prompt, &generation)?;
        let mut pieces = TextStream::new(self.tokenizer);
        let mut answer = Answer { text: String::new(), tokens: 0, end: AnswerEnd::LengthLimit };
        for token in tokens.by_ref() {
            answer.tokens += 1;
            let piece = pieces.push(&[token?])?;
            answer.text.push_str(&piece);
            if on_text(&piece).is_break() {
                answer.end = AnswerEnd::Stopped;
                return Ok(answer);
            }
        }
        if tokens.finished() {
            answer.end = AnswerEnd::EndOfTurn;
        }
        let rest = pieces.finish()?;
        answer.text.push_str(&rest);
        let _ = on_text(&rest);
        Ok(answer)
    }
}

/// The generation options for answers: a text also ends with the token that ends a turn in the tokeniser's chat template.
///
/// # Errors
/// The tokeniser has no valid chat template.
pub fn answer_generation(
    generation: GenerationConfig,
    model: &dyn CausalLm,
    tokenizer: &Tokenizer,
) -> Result<GenerationConfig> {
    let ends = tokenizer.answer_end_token_ids(generation.eos_token_id.as_deref().unwrap_or(model.eos_token_ids()))?;
    Ok(GenerationConfig { eos_token_id: (!ends.is_empty()).then_some(ends), ..generation })
}
