use crate::shared_batches::check_same;
use crate::{Error, InferenceIdentity, Result};
use align_base::files::{Hasher, Journal};
use align_data::Tokenizer;
use align_distributed::ProcessGroup;
use align_models::CausalLm;
use align_models::generation::{Completion, CompletionGenerator, Generation, GenerationConfig};
use align_torch::Environment;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// `None` in processes other than rank 0.
    journal: Option<Journal<Entry>>,
    done: Vec<bool>,
    group: Arc<ProcessGroup>,
}

/// The generated texts of a prompt.
#[derive(Clone, Serialize, Deserialize)]
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
        Self::open_in_group(Arc::new(ProcessGroup::single()), generator, prompts, prompt_ids, journal, overwrite)
    }

    /// Like [`open`](Self::open), on the processes of a group. They take turns at the batches; rank 0 alone has the journal, in which it saves
    /// the texts of all. So a job can continue with another number of processes.
    ///
    /// # Errors
    /// The errors of [`open`](Self::open) in any process, and processes with other models, prompts or options.
    pub fn open_in_group(
        group: Arc<ProcessGroup>,
        generator: &TextGenerator<'a>,
        prompts: &[String],
        prompt_ids: &'a [Vec<i64>],
        journal: &Path,
        overwrite: bool,
    ) -> Result<Self> {
        let TextGenerator { model, identity, tokenizer, generation, batch_size } = *generator;
        let config = generation.config();
        let generator = group.agree_on_result(
            CompletionGenerator::new(model, prompt_ids, generation, batch_size).map_err(Error::from),
        )?;
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
        let Job { model: of_model, prompts: of_prompts, environment, .. } = &job;
        let common = json!({
            "model": of_model, "prompts": of_prompts, "generation": config, "environment": environment, "batch_size": batch_size,
        });
        check_same(&group, &common)?;
        let texts_per_prompt = config.num_return_sequences;
        let (mut done, count) = (Vec::new(), prompts.len());
        let journal = group.on_rank_0(|| {
            let check = |entry: &Entry| {
                entry.check(count, texts_per_prompt)?;
                done.push(entry.prompt);
                Ok(())
            };
            Journal::open(journal, &job, overwrite, check).map_err(Error::from)
        })?;
        let mut is_done = vec![false; count];
        for prompt in group.result_of_rank_0(|| Ok::<_, Error>(done))? {
            if let Some(done) = is_done.get_mut(prompt) {
                *done = true;
            }
        }
        let generator = generator.only(|prompt| is_done.get(prompt) != Some(&true));
        let generator = generator.of_process(group.rank(), group.world_size());
        Ok(Self { generator, tokenizer, prompt_ids, texts_per_prompt, journal, done: is_done, group })
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

    /// Generates the texts of the next batch of prompts in each process and saves them. Returns `false` if no prompt is left.
    ///
    /// # Errors
    /// Errors of the model or the file system, in any process.
    pub fn next_batch(&mut self) -> Result<bool> {
        if self.is_finished() {
            return Ok(false);
        }
        let entries = |batch: Vec<Completion>| {
            batch.chunk_by(|a, b| a.prompt == b.prompt).filter_map(Entry::of).collect::<Vec<_>>()
        };
        let own = self.generator.next().transpose().map(|batch| batch.map(entries).unwrap_or_default());
        let entries = self.group.all_gather_results(own.map_err(Error::from))?.concat();
        let saved = self.journal.as_mut().map_or(Ok(()), |journal| journal.append(&entries));
        self.group.agree_on_result(saved.map_err(Error::from))?;
        for entry in &entries {
            if let Some(done) = self.done.get_mut(entry.prompt) {
                *done = true;
            }
        }
        Ok(!entries.is_empty())
    }

    /// All texts so far, including prompts, in the order of the prompts, all texts of a prompt together. They are in rank 0's journal: other
    /// processes get empty texts.
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
        let Some(journal) = &mut self.journal else { return Ok(texts) };
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
        journal.read(|entry| {
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
        Ok(self.journal.as_ref().map_or(Ok(()), Journal::sync)?)
    }

    /// Removes the journal, after the output file has been written.
    ///
    /// # Errors
    /// File system errors.
    pub fn remove_journal(self) -> Result<()> {
        Ok(self.journal.map_or(Ok(()), Journal::remove)?)
    }
}

impl Entry {
    /// The texts of a prompt.
    fn of(texts: &[Completion]) -> Option<Self> {
        let prompt = texts.first()?.prompt;
        Some(Self { prompt, texts: texts.iter().map(Completion::ids_with_eos).collect() })
    }

    /// Checks an entry of a journal.
    fn check(&self, prompts: usize, texts_per_prompt: usize) -> std::result::Result<(), String> {
        if self.prompt < prompts && self.texts.len() == texts_per_prompt {
            return Ok(());
        }
        let found = format!("prompt {} with {} texts", self.prompt, self.texts.len());
        Err(format!("expected one of {prompts} prompts with {texts_per_prompt} texts, found {found}"))
    }
}
