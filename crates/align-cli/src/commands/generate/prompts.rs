//! The prompts of `align generate`: texts that a model continues, or conversations that it answers.

use crate::Failure;
use crate::prompt_files::{PromptFiles, Prompts};
use align_data::tables::{AnsweredPrompt, Answers};
use align_data::{ConversationPrompt, Texts, Tokenizer, render_prompts};
use align_inference::GenerationJob;
use align_models::generation::check_completions_fit_memory;
use std::path::Path;

/// Where the prompts come from.
#[derive(clap::Args)]
pub struct PromptOptions {
    #[command(flatten)]
    pub files: PromptFiles,
    /// A single prompt to continue.
    #[arg(long, conflicts_with_all = ["prompts", "messages"])]
    pub prompt: Option<String>,
    /// Number of texts per prompt, each sampled with its own random numbers. For several texts of one beam search, use
    /// `num_return_sequences`.
    #[arg(long, default_value_t = 1)]
    pub texts_per_prompt: usize,
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
    /// The prompts, each `texts_per_prompt` times.
    pub fn read(&self) -> Result<Prompts, Failure> {
        let prompts = match &self.prompt {
            Some(prompt) => self.files.of_texts(vec![prompt.clone()]),
            None => self.files.read()?,
        };
        check_completions_fit_memory("--texts-per-prompt", prompts.len(), self.texts_per_prompt)?;
        Ok(match prompts {
            Prompts::Texts(texts) => Prompts::Texts(repeat(texts, self.texts_per_prompt)),
            Prompts::Conversations(prompts) => Prompts::Conversations(repeat(prompts, self.texts_per_prompt)),
        })
    }
}

impl EncodedPrompts {
    pub fn of(prompts: Prompts, tokenizer: &Tokenizer) -> Result<Self, Failure> {
        Ok(match prompts {
            Prompts::Texts(texts) => {
                let ids = tokenizer.encode_prompts(&texts)?;
                Self { texts, ids, conversations: None }
            }
            Prompts::Conversations(conversations) => {
                let texts = render_prompts(tokenizer, &conversations)?;
                let ids = tokenizer.encode_batch(&texts, false, None)?;
                Self { texts, ids, conversations: Some(conversations) }
            }
        })
    }

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
