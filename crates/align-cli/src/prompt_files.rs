//! Where prompts come from: a file of texts to continue, or of conversations to answer.

use crate::run_input::RunInput;
use crate::{Failure, output};
use align_data::tables::{Examples, is_table_file};
use align_data::{ConversationPrompt, NOTEBOOK_PROMPTS};
use std::path::{Path, PathBuf};

/// The file of the prompts.
#[derive(clap::Args, serde::Serialize)]
pub struct PromptFiles {
    /// File with one prompt per line [default: 46 built-in prompts about films].
    #[arg(long)]
    pub prompts: Option<PathBuf>,
    /// Table of conversations for a chat model to answer, with messages in the column prompt or messages, in any layout that training reads.
    #[arg(long, conflicts_with = "prompts")]
    pub messages: Option<PathBuf>,
    /// Take each prompt as a user's message, and answer it with the model's chat template.
    #[arg(long, conflicts_with = "messages")]
    pub chat: bool,
}

/// Prompts before tokenisation.
pub enum Prompts {
    /// Texts to continue.
    Texts(Vec<String>),
    /// Conversations to answer.
    Conversations(Vec<ConversationPrompt>),
}

impl Prompts {
    pub fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Conversations(conversations) => conversations.len(),
        }
    }

    pub fn are_conversations(&self) -> bool {
        matches!(self, Self::Conversations(_))
    }
}

impl PromptFiles {
    /// The file of the prompts, if there is one.
    pub fn file(&self) -> Option<&PathBuf> {
        self.prompts.as_ref().or(self.messages.as_ref())
    }

    /// Reads the prompts.
    pub fn read(&self) -> Result<Prompts, Failure> {
        if let Some(file) = &self.messages {
            let examples = Examples::<ConversationPrompt>::read(file)?;
            examples.notes().iter().for_each(|note| output::note!("{note}"));
            if examples.is_empty() {
                return Err(format!("{}: expected conversations, found no rows", file.display()).into());
            }
            return Ok(Prompts::Conversations(examples.into_rows()));
        }
        Ok(self.of_texts(match &self.prompts {
            Some(file) => read_prompts(file)?,
            None => NOTEBOOK_PROMPTS.map(String::from).to_vec(),
        }))
    }

    /// Texts to continue, or with --chat to answer.
    pub fn of_texts(&self, texts: Vec<String>) -> Prompts {
        match self.chat {
            true => Prompts::Conversations(texts.iter().map(|text| ConversationPrompt::from_user(text)).collect()),
            false => Prompts::Texts(texts),
        }
    }
}

impl RunInput for PromptFiles {
    fn train_name(&self) -> PathBuf {
        self.file().cloned().unwrap_or_else(|| PathBuf::from("46 built-in prompts about films"))
    }
}

fn read_prompts(file: &Path) -> Result<Vec<String>, Failure> {
    if is_table_file(file) {
        let file = file.display();
        return Err(format!(
            "{file}: is a table, and --prompts takes a file of one prompt per line: use --messages for conversations"
        )
        .into());
    }
    let lines = align_data::read_lines(file)?;
    match lines.iter().position(|line| line.trim().is_empty()) {
        _ if lines.is_empty() => Err(format!("{}: no prompts found; write one prompt per line", file.display()).into()),
        Some(index) => {
            Err(format!("{}, line {}: the prompt is empty; remove the line", file.display(), index + 1).into())
        }
        None => Ok(lines),
    }
}
