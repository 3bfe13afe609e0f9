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

mod prompts;

use self::prompts::{EncodedPrompts, PromptOptions};
use crate::generation_options::{self, GenerationOptions};
use crate::generation_record;
use crate::json_output::JsonOption;
use crate::shell_words::{quoted, this_command};
use crate::signals::{self, GracefulStop, Stopped};
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions, models, output, output_paths};
use align_base::{Progress, counted, printable_path};
use align_data::Tokenizer;
use align_data::chat::Message;
use align_data::tables::check_output;
use align_inference::{
    GeneratedText, GenerationJob, GenerationRecord, InferenceIdentity, TextGenerator, TextStream, answer_generation,
    generate_encoded,
};
use align_models::CausalLm;
use align_models::generation::{Generation, stream};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Generates continuations of prompts with a language model.
#[derive(Args)]
pub struct Options {
    /// Language model: a folder in transformers' layout, a GGUF file, or user/name[@revision] on the hub [default: the bundled GPT-2].
    #[arg(long)]
    model: Option<String>,
    #[command(flatten)]
    prompts: PromptOptions,
    /// Number of prompts continued at a time; the texts do not depend on it [default: enough for 160 sequences, counting beams].
    #[arg(long)]
    batch_size: Option<usize>,
    /// Output table with the columns prompt and text (which includes the prompt): CSV, Parquet or JSONL [default: print the texts].
    /// How the texts were generated is recorded in OUTPUT.generation.json. Progress is saved in OUTPUT.partial: run the same command again to
    /// continue after an interruption.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Print the continuation of --prompt while it is generated.
    #[arg(long, requires = "prompt", conflicts_with_all = ["output", "texts_per_prompt", "batch_size", "json"])]
    stream: bool,
    /// Replace the output if it exists, and discard an OUTPUT.partial of another job.
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    json: JsonOption,
    #[command(flatten)]
    generation: GenerationOptions,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

/// A table to write.
struct Output<'a> {
    path: &'a Path,
    record: GenerationRecord,
    overwrite: bool,
    json: JsonOption,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    let _precision = options.runtime.set_matmul_precision()?;
    if let Some(output) = &options.output {
        let journal = GenerationJob::journal_path(output);
        // If the journal exists too, the output may be from the same job: it may have been killed before it removed the journal.
        check_output(output, options.overwrite || journal.exists())?;
        output_paths::refuse_inputs(output, &options.prompts.file().cloned())?;
        output_paths::refuse_inputs(&journal, &options.prompts.file().cloned())?;
    }
    let prompts = options.prompts.read()?;
    let dir = models::folder("--model", options.model.as_deref(), models::BUNDLED_POLICY)?;
    let base = models::base_folder(&dir)?;
    let config = match prompts.are_conversations() {
        true => options.generation.for_answers(&base)?,
        false => options.generation.for_model(&base)?,
    };
    let plain = models::causal_lm(&dir, options.runtime.dtype, options.runtime.device()?)?;
    let tokenizer = models::tokenizer(&dir, plain.vocab_size())?;
    let config = match prompts.are_conversations() {
        true => answer_generation(config, &plain, &tokenizer)?,
        false => config,
    };
    let generation = generation_options::with_stop_strings(Generation::new(config)?, &tokenizer)?;
    options.refuse_equal_texts(&generation)?;
    let identity = options.output.as_ref().map(|_| InferenceIdentity::of(&plain, &tokenizer)).transpose()?;
    let prompts = prompts.encode(&tokenizer).map_err(|problem| options.in_prompts(problem))?;
    let model = plain.packed()?.unwrap_or_else(|| Box::new(plain));
    match (&options.output, &identity) {
        (Some(path), Some(identity)) => {
            let name = models::display_name(options.model.as_deref(), models::BUNDLED_POLICY);
            let each = options.prompts.texts_per_prompt;
            let record = GenerationRecord::new(&name, identity, &prompts.texts, each, generation.config())?;
            let (model, tokenizer, generation) = (model.as_ref(), &tokenizer, &generation);
            let writer = TextGenerator { model, identity, tokenizer, generation, batch_size: options.batch_size };
            let output = Output { path, record, overwrite: options.overwrite, json: options.json };
            write_table(&writer, &prompts, &output)
        }
        _ if options.stream => stream_text(model.as_ref(), &tokenizer, &prompts, &generation),
        _ => {
            let texts = generate_encoded(model.as_ref(), &tokenizer, &prompts.ids, &generation, options.batch_size)?;
            let text = |written: &GeneratedText| match &prompts.conversations {
                None => json!({ "prompt": prompts.texts.get(written.prompt), "text": written.text }),
                Some(conversations) => {
                    let messages = conversations.get(written.prompt).map(|conversation| &conversation.messages);
                    json!({ "prompt": messages, "completion": [Message::new("assistant", &written.completion_text)] })
                }
            };
            let document = json!({ "texts": texts.iter().map(text).collect::<Vec<_>>() });
            options.json.print(&document, || {
                let shown = |written: &GeneratedText| match prompts.conversations {
                    None => written.text.clone(),
                    Some(_) => written.completion_text.clone(),
                };
                output::println!("{}", texts.iter().map(shown).collect::<Vec<_>>().join("\n\n"));
            })
        }
    }
}

impl Options {
    /// Names the file of the conversations in an error about one of them.
    fn in_prompts(&self, problem: Failure) -> Failure {
        match &self.prompts.messages {
            Some(file) => format!("{}: {problem}", printable_path(file)).into(),
            None => problem,
        }
    }

    /// Rejects several texts per prompt without sampling, since they would be equal.
    fn refuse_equal_texts(&self, generation: &Generation) -> Result<(), Failure> {
        if self.prompts.texts_per_prompt > 1 && !generation.config().do_sample {
            let (found, decoding) =
                (self.prompts.texts_per_prompt, if generation.config().num_beams > 1 { "beam" } else { "greedy" });
            return Err(UsageError::new(format!(
                "--texts-per-prompt is {found}, but {decoding} search gives the same text each time: add --do-sample, or leave \
                 --texts-per-prompt out"
            ))
            .into());
        }
        Ok(())
    }
}

/// Prints the text of the first prompt while it is generated. Of a conversation, only the answer.
fn stream_text(
    model: &dyn CausalLm,
    tokenizer: &Tokenizer,
    prompts: &EncodedPrompts,
    generation: &Generation,
) -> Result<(), Failure> {
    let prompt = prompts.ids.first().map_or(&[][..], Vec::as_slice);
    let mut text = TextStream::new(tokenizer);
    let mut tokens = stream(model, prompt, generation)?;
    if prompts.conversations.is_none() {
        output::write(format_args!("{}", text.push(prompt)?));
    }
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

/// Generates all texts with a journal beside the output, then writes the table and its record.
fn write_table(writer: &TextGenerator, prompts: &EncodedPrompts, output: &Output) -> Result<(), Failure> {
    generation_record::check_destination(&output.record, output.path, output.overwrite)?;
    let resume = format!("continue with\n  {}", this_command());
    signals::set_message(format!("stopped at once; the texts of finished batches are saved: {resume}"));
    let graceful_stop = GracefulStop::begin("stopping after this batch");
    let stop = graceful_stop.stop_signal();
    let path = GenerationJob::journal_path(output.path);
    let mut job = GenerationJob::open(writer, &prompts.texts, &prompts.ids, &path, output.overwrite)?;
    let each = writer.generation.config().num_return_sequences;
    let (done, all) = (job.done(), prompts.ids.len());
    if output.path.exists() && !output.overwrite {
        return finish_killed_run(output, job, prompts, each);
    }
    if done > 0 {
        output::note!("resuming after {} of {}", done * each, counted(all * each, "text"));
    }
    let mut progress = Progress::resume("generating", "texts", (done * each) as u64, (all * each) as u64);
    while !job.is_finished() {
        if stop.is_stopped() {
            job.sync()?;
            let saved = format!(
                "stopped after {} of {}, which are in {}",
                job.done() * each,
                counted(all * each, "text"),
                path.display()
            );
            return Err(Stopped(format!("{saved}: {resume}")).into());
        }
        if !job.next_batch()? {
            break;
        }
        progress.set_done((job.done() * each) as u64);
    }
    drop(progress);
    output.record.write(output.path, output.overwrite)?;
    let texts = prompts.write_table(&mut job, each, output.path, output.overwrite)?;
    job.remove_journal()?;
    output.json.print(&output.summary(texts), || {
        output::note!("{} written to {}", counted(texts, "text"), printable_path(output.path));
        if prompts.conversations.is_some() {
            return;
        }
        let format = output.path.extension().unwrap_or_default().to_string_lossy();
        let (input, scored) =
            (quoted(output.path), quoted(&output_paths::free_file_beside(output.path, "scored", &format)));
        output::next(&format!("align classify --input {input} --output {scored}"));
    })
}

/// Removes the journal of a run that was killed after it wrote its output.
fn finish_killed_run(
    output: &Output,
    mut job: GenerationJob,
    prompts: &EncodedPrompts,
    each: usize,
) -> Result<(), Failure> {
    let (path, all) = (output.path, prompts.ids.len());
    if job.is_finished() {
        let folder = tempfile::tempdir()?;
        let expected = folder.path().join(path.file_name().unwrap_or_default());
        let texts = prompts.write_table(&mut job, each, &expected, false)?;
        if std::fs::read(&expected)? == std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))? {
            output.record.write(path, false)?;
            job.remove_journal()?;
            return output.json.print(&output.summary(texts), || {
                output::note!("{} was written by an earlier run", align_base::printable_path(path));
            });
        }
    }
    Err(format!(
        "{} exists already, but was not written by the unfinished job in {} ({} of {all} prompts): move it away, or give --overwrite to \
         replace it",
        path.display(),
        GenerationJob::journal_path(path).display(),
        job.done()
    )
    .into())
}

impl Output<'_> {
    /// The document of --json.
    fn summary(&self, texts: usize) -> Value {
        let record = GenerationRecord::path(self.path);
        json!({ "output": self.path, "texts": texts, "record": record, "generation": self.record })
    }
}
