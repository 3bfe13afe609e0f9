use super::sample_record::SampleRecord;
use super::{Observer, SamplePrompts};
use crate::objective::Objective;
use crate::{Error, EvaluationRecord, Flow, Result, Trainer};
use align_base::Progress;
use align_data::Tokenizer;
use align_data::chat::Message;
use align_models::CausalLm;
use align_models::generation::{Completion, CompletionGenerator, Generation};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

/// Generates completions of the same prompts with the policy before the first step, at each evaluation and after the last step, and
/// writes them as JSON Lines.
#[derive(Debug)]
pub struct SampleTexts {
    path: PathBuf,
    /// Whether the file is that of a resumed run.
    resumes: bool,
    tokenizer: Tokenizer,
    prompts: SamplePrompts,
    ids: Vec<Vec<i64>>,
    generation: Generation,
    /// The step of the last texts in the file.
    last_step: Option<u64>,
}

/// Prompts per batch of generation.
const BATCH_SIZE: usize = 16;

impl SampleTexts {
    /// Creates an observer that appends to the file `path`. [`SamplePrompts::generation`] gives the generation options of a run.
    ///
    /// # Errors
    /// No prompts, prompts that cannot be tokenised, or conversations that the chat template refuses.
    pub fn new(path: &Path, tokenizer: Tokenizer, prompts: SamplePrompts, generation: Generation) -> Result<Self> {
        let ids = prompts.encode(&tokenizer)?;
        Ok(Self { path: path.to_owned(), resumes: false, tokenizer, prompts, ids, generation, last_step: None })
    }

    /// Continues the file of a resumed run: removes the texts of steps after its checkpoint when the run starts.
    #[must_use]
    pub fn resume(self) -> Self {
        Self { resumes: true, ..self }
    }

    /// Generates texts, unless the file has those of the current step.
    fn sample<O: Objective<Model: CausalLm>>(&mut self, trainer: &Trainer<O>) -> Result<()> {
        let step = trainer.step();
        if self.last_step == Some(step) {
            return Ok(());
        }
        let mut completions: Vec<Completion> = Vec::with_capacity(self.ids.len());
        let mut progress = Progress::begin("sampling", "texts", self.ids.len());
        for batch in CompletionGenerator::new(trainer.policy(), &self.ids, &self.generation, Some(BATCH_SIZE))? {
            completions.extend(batch?);
            progress.set_done(completions.len() as u64);
        }
        drop(progress);
        completions.sort_by_key(|completion| completion.prompt);
        let mut lines = Vec::new();
        for completion in &completions {
            if let Some(record) = self.record(step, completion)? {
                serde_json::to_writer(&mut lines, &record).map_err(|e| self.fail(&e.into()))?;
                lines.push(b'\n');
            }
        }
        let file = OpenOptions::new().append(true).open(&self.path);
        file.and_then(|mut file| file.write_all(&lines)).map_err(|e| self.fail(&e))?;
        self.last_step = Some(step);
        Ok(())
    }

    /// The line of a completion.
    fn record(&self, step: u64, completion: &Completion) -> Result<Option<SampleRecord>> {
        let text = self.tokenizer.decode(&completion.ids_with_eos(), true)?;
        Ok(match &self.prompts {
            SamplePrompts::Texts(prompts) => {
                prompts.get(completion.prompt).map(|prompt| SampleRecord::Text { step, prompt: prompt.clone(), text })
            }
            SamplePrompts::Conversations(prompts) => prompts.get(completion.prompt).map(|prompt| {
                let completion = vec![Message::new("assistant", &text)];
                SampleRecord::Answer { step, prompt: prompt.messages.clone(), completion }
            }),
        })
    }

    /// The step of the last line of the file.
    fn read_last_step(&self) -> Result<Option<u64>> {
        let file = File::open(&self.path).map_err(|e| self.fail(&e))?;
        let Some(line) = BufReader::new(file).lines().last() else { return Ok(None) };
        let record: serde_json::Result<SampleRecord> = serde_json::from_str(&line.map_err(|e| self.fail(&e))?);
        let reason = |e| format!("the last line is not a sample text: {e}");
        let record = record.map_err(|e| Error::Records { path: self.path.clone(), reason: reason(e) })?;
        Ok(Some(record.step()))
    }

    fn fail(&self, problem: &std::io::Error) -> Error {
        Error::Output { path: self.path.clone(), reason: problem.to_string() }
    }
}

impl<O: Objective<Model: CausalLm>> Observer<O> for SampleTexts {
    fn log_file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    fn on_start(&mut self, trainer: &Trainer<O>) -> Result<Flow> {
        if self.resumes {
            trainer.log_files.truncate_to_checkpoint(&self.path)?;
            self.last_step = self.read_last_step()?;
        } else {
            OpenOptions::new().append(true).create(true).open(&self.path).map_err(|e| self.fail(&e))?;
        }
        if trainer.step() == 0 {
            self.sample(trainer)?;
        }
        Ok(Flow::Continue)
    }

    fn on_evaluation(&mut self, trainer: &Trainer<O>, _: &EvaluationRecord) -> Result<Flow> {
        self.sample(trainer)?;
        Ok(Flow::Continue)
    }

    fn on_end(&mut self, trainer: &Trainer<O>) -> Result<()> {
        if trainer.is_finished() { self.sample(trainer) } else { Ok(()) }
    }
}
