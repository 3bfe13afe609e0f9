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
use crate::signals::{Keeping, Stopped};
use crate::text_stream::TextStream;
use crate::{Failure, RuntimeOptions, models, output, places, progress};
use align_data::tables::check_output;
use align_data::{NOTEBOOK_PROMPTS, Texts, Tokenizer};
use align_inference::{GenerationJob, InferenceIdentity, TextWriter, generate_texts};
use align_models::CausalLm;
use align_models::generation::{Generation, check_completions_fit_memory, stream};
use clap::Args;
use std::path::{Path, PathBuf};

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
        let journal = GenerationJob::journal_beside(output);
        // Beside a journal it may be the journal's own: a run can be killed between the two.
        check_output(output, options.overwrite || journal.exists())?;
        places::refuse_inputs(output, &options.prompts)?;
        places::refuse_inputs(&journal, &options.prompts)?;
    }
    let prompts = prompts(options)?;
    let dir = models::folder("--model", options.model.as_deref(), models::POLICY)?;
    let generation = options.decoding.generation(&models::base_folder(&dir)?)?;
    let plain = models::causal_lm(&dir, options.runtime.dtype, options.runtime.device()?)?;
    let tokenizer = models::tokenizer(&dir, plain.vocab_size())?;
    let generation = decoding::with_stop_strings(generation, &tokenizer)?;
    let identity = options.output.as_ref().map(|_| InferenceIdentity::of(&plain, &tokenizer)).transpose()?;
    let model = plain.packed()?.unwrap_or_else(|| Box::new(plain));
    match (&options.output, &identity) {
        (Some(output), Some(identity)) => {
            let (model, tokenizer, generation) = (model.as_ref(), &tokenizer, &generation);
            let writer = TextWriter { model, identity, tokenizer, generation, batch_size: options.batch_size };
            write_file(&writer, &prompts, output, options.overwrite)
        }
        _ if options.stream => print_as_they_come(model.as_ref(), &tokenizer, &prompts, &generation),
        _ => {
            let texts = generate_texts(model.as_ref(), &tokenizer, &prompts, 1, &generation, options.batch_size)?;
            texts.iter().for_each(|written| output::println!("{}\n", written.text));
            Ok(())
        }
    }
}

/// Prints the text of the first prompt, each part as soon as it is known.
fn print_as_they_come(
    model: &dyn CausalLm,
    tokenizer: &Tokenizer,
    prompts: &[String],
    generation: &Generation,
) -> Result<(), Failure> {
    let prompts = tokenizer.encode_prompts(prompts)?;
    let prompt = prompts.first().map_or(&[][..], Vec::as_slice);
    let mut text = TextStream::new(tokenizer);
    let mut tokens = stream(model, prompt, generation)?;
    output::write(format_args!("{}", text.push(prompt)?));
    output::flush();
    for token in tokens.by_ref() {
        output::write(format_args!("{}", text.push(&[token?])?));
        output::flush();
        if output::has_failed() {
            return Ok(());
        }
    }
    if let Some(eos) = tokens.eos() {
        output::write(format_args!("{}", text.push(&[eos])?));
    }
    output::println!("{}", text.finish()?);
    Ok(())
}

/// Writes a table of all texts, by a journal beside it.
fn write_file(writer: &TextWriter, prompts: &[String], output: &Path, overwrite: bool) -> Result<(), Failure> {
    let keeping = Keeping::begin("stopping after this batch");
    let stop = keeping.stop_signal();
    let (ids, path) = (writer.tokenizer.encode_prompts(prompts)?, GenerationJob::journal_beside(output));
    let mut job = GenerationJob::open(writer, prompts, &ids, &path, overwrite)?;
    let each = writer.generation.config().num_return_sequences;
    let of: Vec<&str> = prompts.iter().flat_map(|prompt| std::iter::repeat_n(prompt.as_str(), each)).collect();
    let (done, all) = (job.done(), prompts.len());
    if output.exists() && !overwrite {
        return tidy(output, job, &of, all);
    }
    if done > 0 {
        output::println!("going on after {done} of {all} prompts");
    }
    let bar = progress::bar(all, done, "prompts");
    while !job.is_finished() {
        if stop.is_stopped() {
            job.sync()?;
            let kept = format!("stopped after {} of {all} prompts, whose texts are in {}", job.done(), path.display());
            return Err(Stopped(format!("{kept}: run the same command again to go on")).into());
        }
        if !job.next_batch()? {
            break;
        }
        bar.set_position(job.done() as u64);
    }
    bar.finish();
    let texts = Texts::new(&of, &job.texts()?)?;
    texts.write(output, overwrite)?;
    job.remove_journal()?;
    output::println!("{} texts written to {}", texts.len(), align_base::printable_path(output));
    Ok(())
}

/// Ends a run that was killed when its output was written and its journal not yet removed.
fn tidy(output: &Path, mut job: GenerationJob, of: &[&str], all: usize) -> Result<(), Failure> {
    if job.is_finished() {
        let again = tempfile::tempdir()?;
        let again = again.path().join(output.file_name().unwrap_or_default());
        Texts::new(of, &job.texts()?)?.write(&again, false)?;
        if std::fs::read(&again)? == std::fs::read(output).map_err(|e| format!("{}: {e}", output.display()))? {
            job.remove_journal()?;
            output::println!("{} was written by an earlier run", align_base::printable_path(output));
            return Ok(());
        }
    }
    Err(format!(
        "{} exists already, and is not the end of the job whose texts are in {} ({} of {all} prompts): move it away, or give \
         --overwrite to replace it",
        output.display(),
        GenerationJob::journal_beside(output).display(),
        job.done()
    )
    .into())
}

fn prompts(options: &Options) -> Result<Vec<String>, Failure> {
    let each = match (&options.prompt, &options.prompts) {
        (Some(prompt), _) => vec![prompt.clone()],
        (None, Some(file)) => lines(file)?,
        (None, None) => NOTEBOOK_PROMPTS.map(String::from).to_vec(),
    };
    check_completions_fit_memory("--texts-per-prompt", each.len(), options.texts_per_prompt)?;
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
