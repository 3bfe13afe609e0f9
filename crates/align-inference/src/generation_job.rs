use crate::{InferenceIdentity, Result};
use align_base::files::{Hasher, Journal};
use align_data::Tokenizer;
use align_models::CausalLm;
use align_models::generation::{Completion, Generation, GenerationConfig, PromptGenerator};
use align_torch::Environment;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Texts decoded at a time.
const PART: usize = 1024;

/// The continuation of many prompts, kept in a journal as it comes: a job that was killed goes on where it stopped, and ends with
/// the texts of an undisturbed one.
///
/// Each line of the journal is a prompt's place and the token ids written behind it, `{"prompt": 17, "texts": [[464, 3807]]}`. All
/// texts of a finished job are read from it, in whichever processes they were written.
pub struct GenerationJob<'a> {
    generator: PromptGenerator<'a, dyn CausalLm + 'a>,
    tokenizer: &'a Tokenizer,
    prompt_ids: &'a [Vec<i64>],
    /// Texts of each prompt.
    each: usize,
    journal: Journal<Entry>,
    done: Vec<bool>,
}

/// What was written behind a prompt.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    prompt: usize,
    texts: Vec<Vec<i64>>,
}

/// Everything that decides about the texts of a job. How many prompts are continued at a time does not.
#[derive(Serialize)]
struct Job<'a> {
    model: &'a InferenceIdentity,
    prompts: Prompts,
    generation: &'a GenerationConfig,
    environment: Environment,
}

/// How many prompts, and a digest of them all.
#[derive(Serialize)]
struct Prompts {
    count: usize,
    blake3: String,
}

/// A model with its tokeniser, and how it continues prompts.
pub struct TextWriter<'a> {
    /// The model, [packed](CausalLm::packed) where that is faster.
    pub model: &'a dyn CausalLm,
    /// The identity of the model as it was loaded.
    pub identity: &'a InferenceIdentity,
    /// Its tokeniser.
    pub tokenizer: &'a Tokenizer,
    /// How it continues prompts.
    pub generation: &'a Generation,
    /// Prompts that are continued at a time; `None`: as many as keep the processor busy. No text depends on it.
    pub batch_size: Option<usize>,
}

impl<'a> GenerationJob<'a> {
    /// Where the journal of an output file stands: `OUTPUT.partial`.
    #[must_use]
    pub fn journal_beside(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".partial");
        PathBuf::from(name)
    }

    /// Opens the journal of this job, or begins it. `prompt_ids` are the tokens of `prompts`, in their order. A journal of another
    /// job that holds texts is refused, or dropped where `anew`.
    ///
    /// # Errors
    /// Prompts that the model cannot continue; a journal that cannot be gone on with, or that the system refuses.
    pub fn open(
        writer: &TextWriter<'a>,
        prompts: &[String],
        prompt_ids: &'a [Vec<i64>],
        journal: &Path,
        anew: bool,
    ) -> Result<Self> {
        let config = writer.generation.config();
        let generator = PromptGenerator::new(writer.model, prompt_ids, writer.generation, writer.batch_size)?;
        let mut hasher = Hasher::new("prompts");
        for prompt in prompts {
            hasher.part(prompt.as_bytes());
        }
        let job = Job {
            model: writer.identity,
            prompts: Prompts { count: prompts.len(), blake3: hasher.digest() },
            generation: config,
            environment: Environment::current(writer.model.device()),
        };
        let (each, mut done) = (config.num_return_sequences, vec![false; prompts.len()]);
        let journal = Journal::open(journal, &job, anew, |entry: &Entry| {
            let count = done.len();
            match done.get_mut(entry.prompt) {
                Some(done) if entry.texts.len() == each => *done = true,
                _ => {
                    let found = format!("prompt {} with {} texts", entry.prompt, entry.texts.len());
                    return Err(format!("expected one of {count} prompts with {each}, found {found}"));
                }
            }
            Ok(())
        })?;
        let generator = generator.only(|prompt| done.get(prompt) != Some(&true));
        Ok(Self { generator, tokenizer: writer.tokenizer, prompt_ids, each, journal, done })
    }

    /// Prompts whose texts are there.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done.iter().filter(|done| **done).count()
    }

    /// Whether all texts are there.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.done.iter().all(|done| *done)
    }

    /// Continues the next batch of prompts and keeps the texts; false where none is left.
    ///
    /// # Errors
    /// From the model, or where the system refuses to write.
    pub fn next_batch(&mut self) -> Result<bool> {
        if self.generator.remaining() == 0 {
            return Ok(false);
        }
        let Some(batch) = self.generator.next() else { return Ok(false) };
        let entries = batch?.chunk_by(|a, b| a.prompt == b.prompt).filter_map(Entry::of).collect::<Vec<_>>();
        self.journal.append(&entries)?;
        for entry in entries {
            if let Some(done) = self.done.get_mut(entry.prompt) {
                *done = true;
            }
        }
        Ok(true)
    }

    /// All texts that are there, prompts included, in the prompts' order, those of a prompt side by side.
    ///
    /// # Errors
    /// A journal that was damaged meanwhile, or tokens that cannot be decoded.
    pub fn texts(&mut self) -> Result<Vec<String>> {
        let (tokenizer, prompt_ids, each) = (self.tokenizer, self.prompt_ids, self.each);
        let mut texts = vec![String::new(); prompt_ids.len() * each];
        let mut waiting: Vec<(usize, Vec<i64>)> = Vec::new();
        let mut decode = |waiting: &mut Vec<(usize, Vec<i64>)>| -> Result<()> {
            let (places, ids): (Vec<usize>, Vec<Vec<i64>>) = waiting.drain(..).unzip();
            for (place, text) in places.into_iter().zip(tokenizer.decode_batch(&ids, true)?) {
                if let Some(slot) = texts.get_mut(place) {
                    *slot = text;
                }
            }
            Ok(())
        };
        self.journal.read(|entry| {
            let prompt = prompt_ids.get(entry.prompt).map_or(&[][..], Vec::as_slice);
            let whole = entry.texts.iter().map(|ids| [prompt, ids].concat());
            waiting.extend((entry.prompt * each..).zip(whole));
            if waiting.len() >= PART { decode(&mut waiting) } else { Ok(()) }
        })?;
        decode(&mut waiting)?;
        Ok(texts)
    }

    /// Puts all that is done on the disk.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn sync(&self) -> Result<()> {
        Ok(self.journal.sync()?)
    }

    /// Removes the journal, once what was made of its texts is there.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn remove_journal(self) -> Result<()> {
        Ok(self.journal.remove()?)
    }
}

impl Entry {
    /// The texts of a prompt.
    fn of(texts: &[Completion]) -> Option<Self> {
        let prompt = texts.first()?.prompt;
        Some(Self { prompt, texts: texts.iter().map(Completion::ids_with_eos).collect() })
    }
}
