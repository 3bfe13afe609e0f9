//! A conversation with a chat model in the terminal.
//!
//! ```sh
//! align chat --model HuggingFaceTB/SmolLM2-135M-Instruct
//! ```

use crate::generation_options::GenerationOptions;
use crate::line_reader::{Line, LineReader};
use crate::signals::{self, InterruptibleTask};
use crate::usage::UsageError;
use crate::{Failure, RuntimeOptions, log, models, option_errors, output};
use align_inference::{AnswerEnd, Chat};
use align_models::CausalLm;
use align_models::generation::GenerationConfig;
use clap::Args;
use std::ops::ControlFlow;

const HELP: &str = "\
/reset          forget the conversation, but not the system message
/system TEXT    set the system message, and forget the conversation; without TEXT, none
/help           show this list
/quit           leave; Ctrl-D does the same
Ctrl-C stops an answer.";

/// Talks with a chat model in the terminal. Answers are printed while they are generated. Lines that begin with a slash are commands: /help
/// lists them.
#[derive(Args)]
#[command(mut_arg("max_length", |arg| arg.help("Maximum number of tokens in the conversation and its answer together [default: the model's limit]")))]
#[command(mut_arg("max_new_tokens", |arg| arg.help("Maximum number of tokens in an answer [default: 512]")))]
pub struct Options {
    /// Chat model: a folder in transformers' layout, a GGUF file, or user/name[@revision] on the hub.
    #[arg(long)]
    model: String,
    /// The system message, with which the conversation begins.
    #[arg(long)]
    system: Option<String>,
    #[command(flatten)]
    generation: GenerationOptions,
    #[command(flatten)]
    runtime: RuntimeOptions,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    // Before LibTorch starts threads, so that the signals that the line editor handles are blocked in all of them.
    let mut lines = LineReader::new()?;
    signals::set_message("stopped");
    let _precision = options.runtime.set_matmul_precision()?;
    let dir = models::fetch(&options.model)?;
    let generation = options.generation.for_answers(&models::base_folder(&dir)?)?;
    refuse_several_texts(&generation)?;
    let plain = models::causal_lm(&dir, options.runtime.dtype, options.runtime.device()?)?;
    let tokenizer = models::tokenizer(&dir, plain.vocab_size())?;
    let model = plain.packed()?.unwrap_or(plain);
    let option_names = option_errors::Options::of(&Options::augment_args(clap::Command::new("chat")));
    let mut chat = Chat::new(model.as_ref(), &tokenizer, generation)?;
    chat.set_system(options.system.clone());
    output::note!("{}; /help lists the commands, /quit leaves", models::display_name(Some(&options.model), ""));
    loop {
        match lines.read("> ")? {
            Line::End => return Ok(()),
            Line::Interrupted => output::note!("/quit leaves"),
            Line::NotText => log::message("error", "the line is not UTF-8 text, so it is left out"),
            Line::Text(line) => match line.trim() {
                "" => {}
                "/quit" | "/exit" => return Ok(()),
                "/help" => output::println!("{HELP}"),
                "/reset" => {
                    chat.reset();
                    let system = if chat.messages().is_empty() { "" } else { "; the system message stays" };
                    output::note!("the conversation is forgotten{system}");
                }
                command if command == "/system" || command.starts_with("/system ") => {
                    let text = command.trim_start_matches("/system").trim();
                    chat.set_system((!text.is_empty()).then(|| text.to_owned()));
                    output::note!(
                        "the conversation begins again{}",
                        if text.is_empty() { "" } else { ", with this system message" }
                    );
                }
                unknown if unknown.starts_with('/') => {
                    let name = unknown.split_whitespace().next().unwrap_or_default();
                    match ["/quit", "/exit", "/help", "/reset"].contains(&name) {
                        true => output::note!("{name} takes no text"),
                        false => output::note!("{name} is not a command; /help lists them"),
                    }
                }
                message => answer(&mut chat, message, &option_names),
            },
        }
        if output::has_failed() {
            return Ok(());
        }
    }
}

/// Prints the answer to a message while it is generated.
fn answer(chat: &mut Chat, message: &str, option_names: &option_errors::Options) {
    let task = InterruptibleTask::begin();
    let answered = chat.answer(message, |piece| {
        output::write(format_args!("{piece}"));
        output::flush();
        match task.is_stopped() || output::has_failed() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    match answered {
        Ok(answer) => {
            output::println!();
            match answer.end {
                AnswerEnd::EndOfTurn => {}
                AnswerEnd::LengthLimit => output::note!("[the answer reached its limit of {} tokens]", answer.tokens),
                AnswerEnd::Stopped => output::note!("[stopped]"),
            }
        }
        // The conversation goes on without the message.
        Err(problem) => {
            let problem = option_names.name_in(problem.into());
            let way_out = match chat.messages().first().is_some_and(|message| message.role() == "system") {
                true => "/reset begins a new conversation, and /system without a text removes the system message",
                false => "/reset begins a new conversation",
            };
            log::message("error", &format!("{problem}; {way_out}"));
        }
    }
}

/// An answer is streamed, so it is one text that does not change any more.
fn refuse_several_texts(config: &GenerationConfig) -> Result<(), Failure> {
    let several = [("--num-beams", config.num_beams), ("--num-return-sequences", config.num_return_sequences)];
    match several.into_iter().find(|(_, number)| *number > 1) {
        Some((option, number)) => {
            let problem =
                format!("{option} is {number}, but answers are printed while they are generated: set it to 1");
            Err(UsageError::new(problem).into())
        }
        None => Ok(()),
    }
}
