use super::{Flow, Observer};
use crate::objective::Objective;
use crate::{Error, EvaluationRecord, Result, Trainer};
use align_data::Tokenizer;
use align_models::CausalLm;
use align_models::generation::{Generation, generate_completions};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Generates completions of the same prompts with the policy at each evaluation, and writes them as JSON Lines.
#[derive(Debug)]
pub struct SampleTexts {
    path: PathBuf,
    file: File,
    tokenizer: Tokenizer,
    prompts: Vec<String>,
    ids: Vec<Vec<i64>>,
    generation: Generation,
}

/// One line of the file.
#[derive(Serialize)]
struct Sample<'a> {
    step: u64,
    prompt: &'a str,
    text: String,
}

/// Prompts per batch of generation.
const BATCH_SIZE: usize = 16;

impl SampleTexts {
    /// Continues the file of a run that `trainer` has resumed. Removes the texts of later steps.
    ///
    /// # Errors
    /// Those of [`SampleTexts::new`], or a file whose earlier lines have changed since the checkpoint.
    pub fn resume<O: Objective>(
        path: &Path,
        trainer: &Trainer<O>,
        tokenizer: Tokenizer,
        prompts: Vec<String>,
        generation: Generation,
    ) -> Result<Self> {
        trainer.log_files.truncate_to_checkpoint(path)?;
        Self::new(path, tokenizer, prompts, generation)
    }

    /// Creates an observer that appends to the file `path`.
    ///
    /// # Errors
    /// A file that cannot be written, no prompts, or prompts that cannot be tokenised.
    pub fn new(path: &Path, tokenizer: Tokenizer, prompts: Vec<String>, generation: Generation) -> Result<Self> {
        if prompts.is_empty() {
            return Err(Error::Data("there are no prompts to sample texts for".into()));
        }
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(|e| Error::Output { path: path.to_owned(), reason: e.to_string() })?;
        let ids = tokenizer.encode_prompts(&prompts)?;
        Ok(Self { path: path.to_owned(), file, tokenizer, prompts, ids, generation })
    }
}

impl<O: Objective<Model: CausalLm>> Observer<O> for SampleTexts {
    fn log_file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn on_evaluation(&mut self, trainer: &Trainer<O>, record: &EvaluationRecord) -> Result<Flow> {
        for completion in generate_completions(trainer.policy(), &self.ids, &self.generation, BATCH_SIZE)? {
            let Some(prompt) = self.prompts.get(completion.prompt) else { continue };
            let text = self.tokenizer.decode(&completion.ids_with_eos(), true)?;
            let line = serde_json::to_string(&Sample { step: record.step, prompt, text }).map_err(std::io::Error::from);
            let written = line.and_then(|line| writeln!(self.file, "{line}"));
            written.map_err(|e| Error::Output { path: self.path.clone(), reason: e.to_string() })?;
        }
        Ok(Flow::Continue)
    }
}
