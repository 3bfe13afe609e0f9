//! The prompts of `align generate`: texts that a model continues, or conversations that it answers.

use crate::{Failure, output};
use align_data::tables::{AnsweredPrompt, Answers, Examples};
use align_data::{ConversationPrompt, NOTEBOOK_PROMPTS, Texts, Tokenizer, render_prompts};
use align_inference::GenerationJob;
use align_models::generation::check_completions_fit_memory;
use std::path::{Path, PathBuf};

/// Where the prompts come from.
#[derive(clap::Args)]
pub struct PromptOptions {
    /// File with one prompt per line [default: 46 built-in prompts about films].
    #[arg(long)]
    pub prompts: Option<PathBuf>,
    /// A single prompt to continue.
    #[arg(long, conflicts_with = "prompts")]
    pub prompt: Option<String>,
    /// Table of conversations for a chat model to answer, with messages in the column prompt or messages, in any layout that training reads.
    #[arg(long, conflicts_with_all = ["prompt", "prompts"])]
    pub messages: Option<PathBuf>,
    /// Take each prompt as a user's message, and answer it with the model's chat template.
    #[arg(long, conflicts_with = "messages")]
    pub chat: bool,
    /// Number of texts per prompt, each sampled with its own random numbers. For several texts of one beam search, use
    /// `num_return_sequences`.
    #[arg(long, default_value_t = 1)]
    pub texts_per_prompt: usize,
}

/// Prompts before tokenisation. Each occurs `texts_per_prompt` times.
pub enum Prompts {
    /// Texts to continue.
    Texts(Vec<String>),
    /// Conversations to answer.
    Conversations(Vec<ConversationPrompt>),
}

/// Tokenised prompts.
pub struct EncodedPrompts {
    /// The texts that the model continues; of conversations, what the chat template makes of them.
    pub texts: Vec<String>,
    pub ids: Vec<Vec<i64>>,
    /// The conversations, if the prompts are not texts.
    pub conversations: Option<Vec<ConversationPrompt>>,
}

impl PromptOptions {
    /// The file of the prompts, if there is one.
    pub fn file(&self) -> Option<&PathBuf> {
        self.prompts.as_ref().or(self.messages.as_ref())
    }

    pub fn read(&self) -> Result<Prompts, Failure> {
        let each = self.texts_per_prompt;
        if let Some(file) = &self.messages {
            let examples = Examples::<ConversationPrompt>::read(file)?;
            examples.notes().iter().for_each(|note| output::note!("{note}"));
            if examples.is_empty() {
                return Err(format!("{}: expected conversations, found no rows", file.display()).into());
            }
            check_completions_fit_memory("--texts-per-prompt", examples.len(), each)?;
            return Ok(Prompts::Conversations(repeat(examples.into_rows(), each)));
        }
        let texts = match (&self.prompt, &self.prompts) {
            (Some(prompt), _) => vec![prompt.clone()],
            (None, Some(file)) => read_prompts(file)?,
            (None, None) => NOTEBOOK_PROMPTS.map(String::from).to_vec(),
        };
        check_completions_fit_memory("--texts-per-prompt", texts.len(), each)?;
        let texts = repeat(texts, each);
        Ok(match self.chat {
            true => Prompts::Conversations(texts.iter().map(|text| ConversationPrompt::from_user(text)).collect()),
            false => Prompts::Texts(texts),
        })
    }
}

impl Prompts {
    pub fn encode(self, tokenizer: &Tokenizer) -> Result<EncodedPrompts, Failure> {
        Ok(match self {
            Self::Texts(texts) => {
                let ids = tokenizer.encode_prompts(&texts)?;
                EncodedPrompts { texts, ids, conversations: None }
            }
            Self::Conversations(conversations) => {
                let texts = render_prompts(tokenizer, &conversations)?;
                let ids = tokenizer.encode_batch(&texts, false, None)?;
                EncodedPrompts { texts, ids, conversations: Some(conversations) }
            }
        })
    }

    pub fn are_conversations(&self) -> bool {
        matches!(self, Self::Conversations(_))
    }
}

impl EncodedPrompts {
    /// Writes the texts of a finished job as a table, `each` for a prompt.
    pub fn write_table(
        &self,
        job: &mut GenerationJob,
        each: usize,
        path: &Path,
        overwrite: bool,
    ) -> Result<usize, Failure> {
        let Some(conversations) = &self.conversations else {
            let prompts: Vec<&str> = repeat(self.texts.iter().map(String::as_str).collect(), each);
            let texts = Texts::new(&prompts, &job.texts()?)?;
            texts.write(path, overwrite)?;
            return Ok(texts.len());
        };
        let prompts = repeat(conversations.iter().collect(), each);
        let answers = job.completions()?;
        let rows = prompts.iter().zip(&answers).map(|(prompt, answer)| AnsweredPrompt::new(&prompt.messages, answer));
        Answers::from_rows(rows.collect())?.write(path, overwrite)?;
        Ok(answers.len())
    }
}

/// Each item `times` times, next to each other.
fn repeat<T: Clone>(items: Vec<T>, times: usize) -> Vec<T> {
    items.into_iter().flat_map(|item| vec![item; times]).collect()
}

fn read_prompts(file: &Path) -> Result<Vec<String>, Failure> {
    let lines = align_data::read_lines(file)?;
    match lines.iter().position(|line| line.trim().is_empty()) {
        _ if lines.is_empty() => Err(format!("{}: no prompts found; write one prompt per line", file.display()).into()),
        Some(index) => {
            Err(format!("{}, line {}: the prompt is empty; remove the line", file.display(), index + 1).into())
        }
        None => Ok(lines),
    }
}
