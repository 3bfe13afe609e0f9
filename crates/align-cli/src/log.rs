//! What the program writes to standard error: progress, training logs, warnings and errors, and how much of it.

use align_base::progress::{ProgressDisplay, ProgressFormat, warning_filter};
use console::{StyledObject, style};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::sync::OnceLock;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How much the program says about its work, and in which form. Results on standard output do not depend on it.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct LogOptions {
    /// Print only results, warnings and errors: no progress, no training log, no summary.
    #[arg(long, global = true)]
    quiet: bool,
    /// Format of progress, training log, summary, warnings and errors. With json, each is an object on a line of standard error.
    #[arg(long, global = true, value_enum, default_value_t)]
    log_format: LogFormat,
}

/// The format of messages on standard error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    #[default]
    Text,
    Json,
}

/// The options in effect, and the display that all messages go through.
struct Log {
    options: LogOptions,
    display: ProgressDisplay,
    /// Whether this process writes more than the error that ends it.
    speaks: bool,
}

static LOG: OnceLock<Log> = OnceLock::new();

impl LogOptions {
    /// Starts logging with these options. `RUST_LOG` sets the level of messages from the libraries, `warn` by default. Of several processes,
    /// only rank 0 logs; the others write nothing but the error that ends them.
    pub fn init(mut self, rank: usize) {
        self.quiet |= rank > 0;
        let format = match (self.quiet, self.log_format) {
            (true, _) => ProgressFormat::Hidden,
            (false, LogFormat::Text) => ProgressFormat::Text,
            (false, LogFormat::Json) => ProgressFormat::Json,
        };
        let display = ProgressDisplay::new(format);
        // Tasks are spans of level INFO. Without this limit, the tokenizers crate formats a message of level TRACE for each piece of text.
        let subscriber = tracing_subscriber::registry().with(display.layer().with_filter(LevelFilter::INFO));
        match self.log_format {
            _ if rank > 0 => drop(subscriber.try_init()),
            LogFormat::Text => drop(subscriber.with(display.warning_layer()).try_init()),
            LogFormat::Json => {
                let writer = display.clone();
                let json = tracing_subscriber::fmt::layer().json().with_writer(move || writer.writer());
                drop(subscriber.with(json.with_filter(warning_filter())).try_init());
            }
        }
        LOG.set(Log { options: self, display, speaks: rank == 0 }).ok();
    }
}

fn options() -> LogOptions {
    LOG.get().map(|log| log.options).unwrap_or_default()
}

/// Whether this process writes more than the error that ends it: it is rank 0, or the only process.
pub fn speaks() -> bool {
    LOG.get().is_none_or(|log| log.speaks)
}

/// Whether messages are JSON objects.
pub fn is_json() -> bool {
    options().log_format == LogFormat::Json
}

/// Whether only results, warnings and errors are printed.
pub fn is_quiet() -> bool {
    options().quiet
}

/// Calls `write`, which writes whole lines to the terminal, without progress bars in the way.
pub fn suspend<T>(write: impl FnOnce() -> T) -> T {
    match LOG.get() {
        Some(log) => log.display.suspend(write),
        None => write(),
    }
}

/// Leaves progress bars as they are, for a program that ends now.
pub fn freeze_progress() {
    if let Some(log) = LOG.get() {
        log.display.freeze();
    }
}

/// Writes a line of text to standard error. Errors are ignored, since they could not be reported anywhere. Control characters are
/// escaped: paths, options and file contents in the line must not control the terminal.
pub fn line(text: &str) {
    suspend(|| writeln!(std::io::stderr(), "{}", align_base::escaped(text)).ok());
}

/// Writes a message; with `--log-format json`, as an object whose event is named `event`.
pub fn message(event: &str, text: &str) {
    if speaks() {
        record(event, &json!({ "message": text }), || text.to_owned());
    }
}

/// Writes the error that ends the program.
pub fn error(text: &str) {
    labelled_message("error", style("error:").for_stderr().red().bold(), text);
}

/// Whether a line is the beginning of an error, as [`error`] writes it to a pipe.
pub fn is_error(line: &str) -> bool {
    line.starts_with("error: ") || line.starts_with(r#"{"event":"error","#)
}

/// Writes a warning about the results of a command.
pub fn warning(text: &str) {
    if speaks() {
        labelled_message("warning", style("warning:").for_stderr().yellow().bold(), text);
    }
}

/// Writes a message after a label, which has a colour if the terminal has colours.
fn labelled_message(event: &str, label: StyledObject<&str>, text: &str) {
    match is_json() {
        true => record(event, &json!({ "message": text }), String::new),
        false => drop(suspend(|| writeln!(std::io::stderr(), "{label} {}", align_base::escaped(text)))),
    }
}

/// Like [`record`], unless `--quiet` is given.
pub fn training_record(event: &str, fields: &impl Serialize, text: impl FnOnce() -> String) {
    if !is_quiet() {
        record(event, fields, text);
    }
}

/// Writes an event: its text, or with `--log-format json` its fields as an object.
pub fn record(event: &str, fields: &impl Serialize, text: impl FnOnce() -> String) {
    if !is_json() {
        return line(&text());
    }
    let mut object = Map::from_iter([("event".to_owned(), Value::from(event))]);
    if let Ok(Value::Object(fields)) = serde_json::to_value(fields) {
        object.extend(fields);
    }
    line(&Value::Object(object).to_string());
}
