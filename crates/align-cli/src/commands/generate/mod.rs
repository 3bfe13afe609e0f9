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
mod table;

use self::prompts::{EncodedPrompts, PromptOptions};
use self::table::Output;
use crate::generation_options::{self, GenerationOptions};
use crate::json_output::JsonOption;
use crate::processes::ProcessOptions;
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions, models, output, output_paths};
use align_base::printable_path;
use align_data::Tokenizer;
use align_data::chat::Message;
use align_data::tables::check_output;
use align_distributed::ProcessGroup;
use align_inference::{
    GeneratedText, GenerationJob, GenerationRecord, InferenceIdentity, TextGenerator, TextStream, answer_generation,
    generate_encoded,
};
use align_models::CausalLm;
use align_models::generation::{Generation, stream};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

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
    /// continue after an interruption, also with another number of processes of the same OMP_NUM_THREADS.
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
    #[command(flatten)]
    pub processes: ProcessOptions,
}

/// The model and the prompts.
struct Loaded {
    model: Box<dyn CausalLm>,
    tokenizer: Tokenizer,
    generation: Generation,
    prompts: EncodedPrompts,
    /// Of a job that writes a table.
    identity: Option<InferenceIdentity>,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    let _precision = options.runtime.set_matmul_precision()?;
    let group = Arc::new(options.processes.connect()?);
    group.agree_on_result(options.refuse_printing_in(&group))?;
    group.on_rank_0(|| options.check_output())?;
    let Loaded { model, tokenizer, generation, prompts, identity } = group.agree_on_result(options.load())?;
    match (&options.output, &identity) {
        (Some(path), Some(identity)) => {
            let name = models::display_name(options.model.as_deref(), models::BUNDLED_POLICY);
            let each = options.prompts.texts_per_prompt;
            let record = GenerationRecord::new(&name, identity, &prompts.texts, each, generation.config())?;
            let (model, tokenizer, generation) = (model.as_ref(), &tokenizer, &generation);
            let writer = TextGenerator { model, identity, tokenizer, generation, batch_size: options.batch_size };
            let output = Output { path, record, overwrite: options.overwrite, json: options.json };
            table::write(&writer, &prompts, &output, &group)
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
    fn check_output(&self) -> Result<(), Failure> {
        let Some(output) = &self.output else { return Ok(()) };
        let journal = GenerationJob::journal_path(output);
        // If the journal exists too, the output may be from the same job: it may have been killed before it removed the journal.
        check_output(output, self.overwrite || journal.exists())?;
        output_paths::refuse_inputs(output, &self.prompts.files.file().cloned())?;
        output_paths::refuse_inputs(&journal, &self.prompts.files.file().cloned())
    }

    fn load(&self) -> Result<Loaded, Failure> {
        let prompts = self.prompts.read()?;
        let dir = models::folder("--model", self.model.as_deref(), models::BUNDLED_POLICY)?;
        let base = models::base_folder(&dir)?;
        let config = match prompts.are_conversations() {
            true => self.generation.for_answers(&base)?,
            false => self.generation.for_model(&base)?,
        };
        let plain = models::causal_lm(&dir, self.runtime.dtype, self.runtime.device()?)?;
        let tokenizer = models::tokenizer(&dir, plain.vocab_size())?;
        let config = match prompts.are_conversations() {
            true => answer_generation(config, &plain, &tokenizer)?,
            false => config,
        };
        let generation = generation_options::with_stop_strings(Generation::new(config)?, &tokenizer)?;
        self.refuse_equal_texts(&generation)?;
        let identity = self.output.as_ref().map(|_| InferenceIdentity::of(&plain, &tokenizer)).transpose()?;
        let prompts = EncodedPrompts::of(prompts, &tokenizer).map_err(|problem| self.in_prompts(problem))?;
        let model = plain.packed()?.unwrap_or_else(|| Box::new(plain));
        Ok(Loaded { model, tokenizer, generation, prompts, identity })
    }

    /// Rejects several processes that would print texts.
    fn refuse_printing_in(&self, group: &ProcessGroup) -> Result<(), Failure> {
        if group.is_single() || self.output.is_some() {
            return Ok(());
        }
        let processes = group.world_size();
        let problem = format!(
            "{processes} processes share the texts of a table, but there is no --output: give it, or run one process"
        );
        Err(UsageError::new(problem).into())
    }

    /// Names the file of the conversations in an error about one of them.
    fn in_prompts(&self, problem: Failure) -> Failure {
        match &self.prompts.files.messages {
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
