use crate::{InferenceIdentity, Result};
use align_base::files::{Hasher, Journal};
use align_data::Tokenizer;
use align_models::CausalLm;
use align_models::generation::{Completion, CompletionGenerator, Generation, GenerationConfig};
use align_torch::Environment;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Texts that are decoded at a time.
const DECODE_BATCH: usize = 1024;

/// A long generation job that saves its texts in a journal. If the process is killed, the job continues where it stopped, and the final texts
/// are the same as those of an uninterrupted job.
///
/// Each line of the journal has the index of a prompt and the generated token ids, `{"prompt": 17, "texts": [[464, 3807]]}`. The texts of a
/// finished job are read from the journal, whichever process generated them.
pub struct GenerationJob<'a> {
    generator: CompletionGenerator<'a, dyn CausalLm + 'a>,
    tokenizer: &'a Tokenizer,
    prompt_ids: &'a [Vec<i64>],
    texts_per_prompt: usize,
    journal: Journal<Entry>,
    done: Vec<bool>,
}

/// The generated texts of a prompt.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    prompt: usize,
    texts: Vec<Vec<i64>>,
}

/// Everything that the texts of a job depend on. The batch size is not part of it.
#[derive(Serialize)]
struct Job<'a> {
    model: &'a InferenceIdentity,
    prompts: Prompts,
    generation: &'a GenerationConfig,
    environment: Environment,
}

/// The number of prompts, and a digest of all of them.
#[derive(Serialize)]
struct Prompts {
    count: usize,
    blake3: String,
}

/// A model with its tokeniser and its generation options.
pub struct TextGenerator<'a> {
    /// The model, [packed](CausalLm::packed) if that is faster.
    pub model: &'a dyn CausalLm,
    /// The identity of the model as it was loaded.
    pub identity: &'a InferenceIdentity,
    /// The tokeniser of the model.
    pub tokenizer: &'a Tokenizer,
    /// The generation options.
    pub generation: &'a Generation,
    /// Prompts per batch; `None`: as many as use the processor fully. The texts do not depend on it.
    pub batch_size: Option<usize>,
}

impl<'a> GenerationJob<'a> {
    /// The path of the journal for an output file: `OUTPUT.partial`.
    #[must_use]
    pub fn journal_path(output: &Path) -> PathBuf {
        let mut name = output.as_os_str().to_owned();
        name.push(".partial");
        PathBuf::from(name)
    }

    /// Opens the journal of this job, or creates it. `prompt_ids` are the tokens of `prompts`, in the same order. A journal with texts of
    /// another job is an error, unless `overwrite` is set.
    ///
    /// # Errors
    /// Prompts that the model cannot continue, a journal of another job, or file system errors.
    pub fn open(
        generator: &TextGenerator<'a>,
        prompts: &[String],
        prompt_ids: &'a [Vec<i64>],
        journal: &Path,
        overwrite: bool,
    ) -> Result<Self> {
        let TextGenerator { model, identity, tokenizer, generation, batch_size } = *generator;
        let config = generation.config();
        let generator = CompletionGenerator::new(model, prompt_ids, generation, batch_size)?;
        let mut hasher = Hasher::new("prompts");
        for prompt in prompts {
            hasher.part(prompt.as_bytes());
        }
        let job = Job {
            model: identity,
            prompts: Prompts { count: prompts.len(), blake3: hasher.digest() },
            generation: config,
            environment: Environment::current(model.device()),
        };
        let (texts_per_prompt, mut done) = (config.num_return_sequences, vec![false; prompts.len()]);
        let journal = Journal::open(journal, &job, overwrite, |entry: &Entry| {
            let count = done.len();
            match done.get_mut(entry.prompt) {
                Some(done) if entry.texts.len() == texts_per_prompt => *done = true,
                _ => {
                    let found = format!("prompt {} with {} texts", entry.prompt, entry.texts.len());
                    return Err(format!(
                        "expected one of {count} prompts with {texts_per_prompt} texts, found {found}"
                    ));
                }
            }
            Ok(())
        })?;
        let generator = generator.only(|prompt| done.get(prompt) != Some(&true));
        Ok(Self { generator, tokenizer, prompt_ids, texts_per_prompt, journal, done })
    }

    /// The number of prompts whose texts are generated.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done.iter().filter(|done| **done).count()
    }

    /// Whether all texts are generated.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.done.iter().all(|done| *done)
    }

    /// Generates the texts of the next batch of prompts and saves them. Returns `false` if no prompt is left.
    ///
    /// # Errors
    /// Errors of the model or the file system.
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

    /// All texts so far, including prompts, in the order of the prompts, all texts of a prompt together.
    ///
    /// # Errors
    /// A damaged journal, or tokens that cannot be decoded.
    pub fn texts(&mut self) -> Result<Vec<String>> {
        self.decode(true)
    }

    /// Like [`GenerationJob::texts`], without the prompts.
    ///
    /// # Errors
    /// The errors of [`GenerationJob::texts`].
    pub fn completions(&mut self) -> Result<Vec<String>> {
        self.decode(false)
    }

    fn decode(&mut self, with_prompts: bool) -> Result<Vec<String>> {
        let (tokenizer, prompt_ids, texts_per_prompt) = (self.tokenizer, self.prompt_ids, self.texts_per_prompt);
        let mut texts = vec![String::new(); prompt_ids.len() * texts_per_prompt];
        let mut pending: Vec<(usize, Vec<i64>)> = Vec::new();
        let mut decode = |pending: &mut Vec<(usize, Vec<i64>)>| -> Result<()> {
            let (indices, ids): (Vec<usize>, Vec<Vec<i64>>) = pending.drain(..).unzip();
            for (index, text) in indices.into_iter().zip(tokenizer.decode_batch(&ids, true)?) {
                if let Some(slot) = texts.get_mut(index) {
                    *slot = text;
                }
            }
            Ok(())
        };
        self.journal.read(|entry| {
            let prompt = prompt_ids.get(entry.prompt).filter(|_| with_prompts).map_or(&[][..], Vec::as_slice);
            let ids = entry.texts.iter().map(|ids| [prompt, ids].concat());
            pending.extend((entry.prompt * texts_per_prompt..).zip(ids));
            if pending.len() >= DECODE_BATCH { decode(&mut pending) } else { Ok(()) }
        })?;
        decode(&mut pending)?;
        Ok(texts)
    }

    /// Flushes the journal to disk.
    ///
    /// # Errors
    /// File system errors.
    pub fn sync(&self) -> Result<()> {
        Ok(self.journal.sync()?)
    }

    /// Removes the journal, after the output file has been written.
    ///
    /// # Errors
    /// File system errors.
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
