//! Continues prompts with a GPT-2, with transformers' options.
//!
//! With `--output` the texts of each batch are kept in `OUTPUT.partial` as they come. Killed at any moment, the same command
//! goes on where it stopped and ends with the bytes of an undisturbed run.
//!
//! ```sh
//! align generate --prompt "This movie" --do-sample --top-p 0.9 --stream
//! align generate --do-sample --num-beams 5 --temperature 4 --no-repeat-ngram-size 2 \
//!     --min-length 50 --max-length 50 --texts-per-prompt 50 --output generated.csv
//! ```

use crate::decoding::{self, Decoding};
use crate::job::{Identity, Job};
use crate::journal::Journal;
use crate::signals::Keeping;
use crate::text_stream::TextStream;
use crate::{Failure, RuntimeOptions, models, output, places, progress};
use align_data::tables::check_output;
use align_data::{Texts, Tokenizer};
use align_models::CausalLm;
use align_models::generation::{Generation, PromptGenerator, check_texts, stream};
use clap::Args;
use std::path::{Path, PathBuf};

/// Texts decoded at a time.
const PART: usize = 1024;

/// Continues prompts with a GPT-2.
#[derive(Args)]
pub struct Options {
    /// Language model: a folder in transformers' layout, or user/name[@revision] on the hub; the embedded one if not given.
    #[arg(long)]
    model: Option<String>,
    /// File with one prompt a line; the notebook's 46 prompts if not given.
    #[arg(long)]
    prompts: Option<PathBuf>,
    /// One prompt.
    #[arg(long, conflicts_with = "prompts")]
    prompt: Option<String>,
    /// Continue each prompt this many times over, with draws of its own each time.
    #[arg(long, default_value_t = 1)]
    texts_per_prompt: usize,
    /// Prompts continued at a time; no text depends on it [default: as many as keep the processor busy, 160 texts or beams].
    #[arg(long)]
    batch_size: Option<usize>,
    /// Table of prompt and text, the prompt included: CSV, Parquet or JSONL. Printed if not given. What is done so far
    /// stands in OUTPUT.partial: run the same command again to go on after an interruption.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Print the text of --prompt as it comes.
    #[arg(long, requires = "prompt", conflicts_with_all = ["output", "texts_per_prompt", "batch_size"])]
    stream: bool,
    /// Replace the output if it exists, and drop what OUTPUT.partial holds of another job.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    decoding: Decoding,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let _precision = options.runtime.precision()?;
    if let Some(output) = &options.output {
        // Beside a journal it may be the journal's own: a run can be killed between the two.
        check_output(output, options.overwrite || Journal::beside(output).exists())?;
        places::refuse_inputs(output, &options.prompts)?;
        places::refuse_inputs(&Journal::beside(output), &options.prompts)?;
    }
    let prompts = prompts(options)?;
    let dir = models::folder("--model", options.model.as_deref(), models::POLICY)?;
    let generation = options.decoding.generation(&models::base_folder(&dir)?)?;
    let plain = models::gpt2(&dir, options.runtime.dtype, options.runtime.device()?)?;
    let tokenizer = models::tokenizer(&dir, plain.vocab_size())?;
    let generation = decoding::with_stop_strings(generation, &tokenizer)?;
    let identity = options.output.as_ref().map(|_| Identity::of(&plain, &tokenizer)).transpose()?;
    let model = plain.packed()?.unwrap_or_else(|| Box::new(plain));
    let ids = tokenizer.encode_prompts(&prompts)?;
    let texts = ToWrite { options, generation, prompts, ids, tokenizer, model };
    match (&options.output, identity) {
        (Some(output), Some(identity)) => texts.write_file(output, identity),
        _ if options.stream => texts.as_they_come(),
        _ => texts.print(),
    }
}

/// The texts that are asked for.
struct ToWrite<'a> {
    options: &'a Options,
    generation: Generation,
    prompts: Vec<String>,
    /// The prompts' tokens.
    ids: Vec<Vec<i64>>,
    tokenizer: Tokenizer,
    model: Box<dyn CausalLm>,
}

impl ToWrite<'_> {
    fn print(&self) -> Result<(), Failure> {
        let generator =
            PromptGenerator::new(self.model.as_ref(), &self.ids, &self.generation, self.options.batch_size)?;
        let mut completions = Vec::with_capacity(self.prompts.len());
        for batch in generator {
            completions.extend(batch?);
        }
        completions.sort_by_key(|completion| completion.prompt);
        let whole: Vec<Vec<i64>> =
            completions.iter().map(|c| [&self.ids[c.prompt][..], &c.ids_and_end()].concat()).collect();
        let texts = self.tokenizer.decode_batch(&whole, true)?;
        texts.iter().for_each(|text| output::println!("{text}\n"));
        Ok(())
    }

    /// Prints one text, each part as soon as it is known.
    fn as_they_come(&self) -> Result<(), Failure> {
        let prompt = self.ids.first().map_or(&[][..], Vec::as_slice);
        let mut text = TextStream::new(&self.tokenizer);
        let mut tokens = stream(self.model.as_ref(), prompt, &self.generation)?;
        output::write(format_args!("{}", text.push(prompt)?));
        output::flush();
        for token in tokens.by_ref() {
            output::write(format_args!("{}", text.push(&[token?])?));
            output::flush();
            if output::has_failed() {
                return Ok(());
            }
        }
        if let Some(end) = tokens.end() {
            output::write(format_args!("{}", text.push(&[end])?));
        }
        output::println!("{}", text.finish()?);
        Ok(())
    }

    fn write_file(&self, output: &Path, identity: Identity) -> Result<(), Failure> {
        let (runtime, config) = (&self.options.runtime, self.generation.config());
        let keeping = Keeping::begin("stopping after this batch");
        let stop = keeping.stop_signal();
        let generator =
            PromptGenerator::new(self.model.as_ref(), &self.ids, &self.generation, self.options.batch_size)?;
        let job = Job::new(identity, &self.prompts, config, runtime.device()?);
        let mut journal = Journal::open(output, &job, self.options.overwrite)?;
        if output.exists() && !self.options.overwrite {
            return self.tidy(output, journal);
        }
        let (done, all) = (journal.done(), self.prompts.len());
        if done > 0 {
            output::println!("going on after {done} of {all} prompts");
        }
        let bar = progress::bar(all, done, "prompts");
        let mut generator = generator.only(|prompt| !journal.is_done(prompt));
        while generator.left() > 0 {
            if stop.is_stopped() {
                return Err(journal.stopped());
            }
            let Some(batch) = generator.next() else { break };
            journal.append(&batch?)?;
            bar.set_position(journal.done() as u64);
        }
        bar.finish();
        let texts = self.table(&mut journal)?;
        texts.write(output, self.options.overwrite)?;
        journal.remove()?;
        output::println!("{} texts written to {}", texts.len(), align_base::printable_path(output));
        Ok(())
    }

    /// The journal's texts in the prompts' order.
    fn table(&self, journal: &mut Journal) -> Result<Texts, Failure> {
        let each = self.generation.config().num_return_sequences;
        let mut texts = vec![String::new(); self.prompts.len() * each];
        let (mut places, mut whole) = (Vec::new(), Vec::new());
        let mut decode = |places: &mut Vec<usize>, whole: &mut Vec<Vec<i64>>| -> Result<(), Failure> {
            let decoded = self.tokenizer.decode_batch(whole, true)?;
            places.drain(..).zip(decoded).for_each(|(place, text)| texts[place] = text);
            whole.clear();
            Ok(())
        };
        journal.read(|entry| {
            let first = entry.prompt * each;
            places.extend(first..first + each);
            whole.extend(entry.texts.iter().map(|ids| [&self.ids[entry.prompt][..], ids].concat()));
            if places.len() >= PART { decode(&mut places, &mut whole) } else { Ok(()) }
        })?;
        decode(&mut places, &mut whole)?;
        let of: Vec<&str> = self.prompts.iter().flat_map(|p| std::iter::repeat_n(p.as_str(), each)).collect();
        Ok(Texts::new(&of, &texts)?)
    }

    /// Ends a run that was killed when its output was written and its journal not yet removed.
    fn tidy(&self, output: &Path, mut journal: Journal) -> Result<(), Failure> {
        let (done, all) = (journal.done(), self.prompts.len());
        if done == all {
            let again = tempfile::tempdir()?;
            let again = again.path().join(output.file_name().unwrap_or_default());
            self.table(&mut journal)?.write(&again, false)?;
            if std::fs::read(&again)? == std::fs::read(output).map_err(|e| format!("{}: {e}", output.display()))? {
                journal.remove()?;
                output::println!("{} was written by an earlier run", align_base::printable_path(output));
                return Ok(());
            }
        }
        Err(format!(
            "{} exists already, and is not the end of the job whose texts are in {} ({done} of {all} prompts): move it \
             away, or give --overwrite to replace it",
            output.display(),
            Journal::beside(output).display()
        )
        .into())
    }
}

fn prompts(options: &Options) -> Result<Vec<String>, Failure> {
    let each = match (&options.prompt, &options.prompts) {
        (Some(prompt), _) => vec![prompt.clone()],
        (None, Some(file)) => lines(file)?,
        (None, None) => crate::prompts::NOTEBOOK_PROMPTS.map(String::from).to_vec(),
    };
    check_texts("--texts-per-prompt", each.len(), options.texts_per_prompt)?;
    Ok(each.into_iter().flat_map(|prompt| vec![prompt; options.texts_per_prompt]).collect())
}

fn lines(file: &Path) -> Result<Vec<String>, Failure> {
    let lines = align_data::read_lines(file)?;
    match lines.iter().position(|line| line.trim().is_empty()) {
        _ if lines.is_empty() => Err(format!("{}: no prompts; write one a line", file.display()).into()),
        Some(at) => Err(format!("{}, line {}: an empty prompt; remove the line", file.display(), at + 1).into()),
        None => Ok(lines),
    }
}
