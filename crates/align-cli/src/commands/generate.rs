//! Generates continuations of prompts with a language model, with transformers' generation options.
//!
//! With `--output` the texts of each finished batch are saved in `OUTPUT.partial`. If the command is killed, running it again
//! continues where it stopped and produces the same bytes as an uninterrupted run.
//!
//! ```sh
//! align generate --prompt "This movie" --do-sample --top-p 0.9 --stream
//! align generate --do-sample --num-beams 5 --temperature 4 --no-repeat-ngram-size 2 \
//!     --min-length 50 --max-length 50 --texts-per-prompt 50 --output generated.csv
//! ```

use crate::generation_options::{self, GenerationOptions};
use crate::shell_words::this_command;
use crate::signals::{self, GracefulStop, Stopped};
use crate::text_stream::TextStream;
use crate::{Failure, RuntimeOptions, models, output, output_paths};
use align_base::{Progress, counted, printable_path};
use align_data::tables::check_output;
use align_data::{NOTEBOOK_PROMPTS, Texts, Tokenizer};
use align_inference::{GenerationJob, InferenceIdentity, TextGenerator, generate_texts};
use align_models::CausalLm;
use align_models::generation::{Generation, check_completions_fit_memory, stream};
use clap::Args;
use std::path::{Path, PathBuf};

/// Generates continuations of prompts with a language model.
#[derive(Args)]
pub struct Options {
    /// Language model: a folder in transformers' layout, or user/name[@revision] on the hub [default: the bundled GPT-2].
    #[arg(long)]
    model: Option<String>,
    /// File with one prompt per line [default: 46 built-in prompts about films].
    #[arg(long)]
    prompts: Option<PathBuf>,
    /// A single prompt to continue.
    #[arg(long, conflicts_with = "prompts")]
    prompt: Option<String>,
    /// Number of times to continue each prompt, with different random numbers each time.
    #[arg(long, default_value_t = 1)]
    texts_per_prompt: usize,
    /// Number of prompts continued at a time; the texts do not depend on it [default: enough for 160 sequences, counting beams].
    #[arg(long)]
    batch_size: Option<usize>,
    /// Output table with the columns prompt and text (which includes the prompt): CSV, Parquet or JSONL [default: print the texts].
    /// Progress is saved in OUTPUT.partial: run the same command again to continue after an interruption.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Print the continuation of --prompt while it is generated.
    #[arg(long, requires = "prompt", conflicts_with_all = ["output", "texts_per_prompt", "batch_size"])]
    stream: bool,
    /// Replace the output if it exists, and discard an OUTPUT.partial of another job.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    generation: GenerationOptions,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let _precision = options.runtime.set_matmul_precision()?;
    if let Some(output) = &options.output {
        let journal = GenerationJob::journal_path(output);
        // If the journal exists too, the output may be from the same job: it may have been killed before it removed the journal.
        check_output(output, options.overwrite || journal.exists())?;
        output_paths::refuse_inputs(output, &options.prompts)?;
        output_paths::refuse_inputs(&journal, &options.prompts)?;
    }
    let prompts = prompts(options)?;
    let dir = models::folder("--model", options.model.as_deref(), models::BUNDLED_POLICY)?;
    let generation = options.generation.generation(&models::base_folder(&dir)?)?;
    let plain = models::causal_lm(&dir, options.runtime.dtype, options.runtime.device()?)?;
    let tokenizer = models::tokenizer(&dir, plain.vocab_size())?;
    let generation = generation_options::with_stop_strings(generation, &tokenizer)?;
    let identity = options.output.as_ref().map(|_| InferenceIdentity::of(&plain, &tokenizer)).transpose()?;
    let model = plain.packed()?.unwrap_or_else(|| Box::new(plain));
    match (&options.output, &identity) {
        (Some(output), Some(identity)) => {
            let (model, tokenizer, generation) = (model.as_ref(), &tokenizer, &generation);
            let writer = TextGenerator { model, identity, tokenizer, generation, batch_size: options.batch_size };
            write_table(&writer, &prompts, output, options.overwrite)
        }
        _ if options.stream => stream_text(model.as_ref(), &tokenizer, &prompts, &generation),
        _ => {
            let texts = generate_texts(model.as_ref(), &tokenizer, &prompts, 1, &generation, options.batch_size)?;
            texts.iter().for_each(|written| output::println!("{}\n", written.text));
            Ok(())
        }
    }
}

/// Prints the text of the first prompt while it is generated.
fn stream_text(
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

/// Generates all texts with a journal beside the output, then writes the table.
fn write_table(writer: &TextGenerator, prompts: &[String], output: &Path, overwrite: bool) -> Result<(), Failure> {
    let resume = format!("continue with\n  {}", this_command());
    signals::set_message(format!("stopped at once; the texts of finished batches are saved: {resume}"));
    let graceful_stop = GracefulStop::begin("stopping after this batch");
    let stop = graceful_stop.stop_signal();
    let (ids, path) = (writer.tokenizer.encode_prompts(prompts)?, GenerationJob::journal_path(output));
    let mut job = GenerationJob::open(writer, prompts, &ids, &path, overwrite)?;
    let each = writer.generation.config().num_return_sequences;
    let text_prompts: Vec<&str> =
        prompts.iter().flat_map(|prompt| std::iter::repeat_n(prompt.as_str(), each)).collect();
    let (done, all) = (job.done(), prompts.len());
    if output.exists() && !overwrite {
        return finish_killed_run(output, job, &text_prompts, all);
    }
    if done > 0 {
        output::note!("resuming after {done} of {}", counted(all, "prompt"));
    }
    let mut progress = Progress::resume("generating", "prompts", done as u64, all as u64);
    while !job.is_finished() {
        if stop.is_stopped() {
            job.sync()?;
            let saved = format!(
                "stopped after {} of {}, whose texts are in {}",
                job.done(),
                counted(all, "prompt"),
                path.display()
            );
            return Err(Stopped(format!("{saved}: {resume}")).into());
        }
        if !job.next_batch()? {
            break;
        }
        progress.set_done(job.done() as u64);
    }
    drop(progress);
    let texts = Texts::new(&text_prompts, &job.texts()?)?;
    texts.write(output, overwrite)?;
    job.remove_journal()?;
    output::println!("{} written to {}", counted(texts.len(), "text"), printable_path(output));
    Ok(())
}

/// Removes the journal of a run that was killed after it wrote its output.
fn finish_killed_run(output: &Path, mut job: GenerationJob, text_prompts: &[&str], all: usize) -> Result<(), Failure> {
    if job.is_finished() {
        let folder = tempfile::tempdir()?;
        let expected = folder.path().join(output.file_name().unwrap_or_default());
        Texts::new(text_prompts, &job.texts()?)?.write(&expected, false)?;
        if std::fs::read(&expected)? == std::fs::read(output).map_err(|e| format!("{}: {e}", output.display()))? {
            job.remove_journal()?;
            output::println!("{} was written by an earlier run", align_base::printable_path(output));
            return Ok(());
        }
    }
    Err(format!(
        "{} exists already, but was not written by the unfinished job in {} ({} of {all} prompts): move it away, or give --overwrite to \
         replace it",
        output.display(),
        GenerationJob::journal_path(output).display(),
        job.done()
    )
    .into())
}

fn prompts(options: &Options) -> Result<Vec<String>, Failure> {
    let prompts = match (&options.prompt, &options.prompts) {
        (Some(prompt), _) => vec![prompt.clone()],
        (None, Some(file)) => read_prompts(file)?,
        (None, None) => NOTEBOOK_PROMPTS.map(String::from).to_vec(),
    };
    check_completions_fit_memory("--texts-per-prompt", prompts.len(), options.texts_per_prompt)?;
    Ok(prompts.into_iter().flat_map(|prompt| vec![prompt; options.texts_per_prompt]).collect())
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
