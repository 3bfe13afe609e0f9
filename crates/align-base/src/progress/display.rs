use super::bars::Bars;
use super::lines::Lines;
use super::shown_task::Task;
use super::warning_format::WarningFormat;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::Subscriber;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

/// How progress is written to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProgressFormat {
    /// Bars if standard error is a terminal, otherwise a line from time to time.
    #[default]
    Text,
    /// JSON objects, one per line.
    Json,
    /// Not at all.
    Hidden,
}

/// Shows the progress of all tasks on standard error. Clones share one display.
#[derive(Debug, Clone)]
pub struct ProgressDisplay {
    output: Arc<Mutex<Output>>,
}

#[derive(Debug)]
enum Output {
    Bars(Bars),
    Lines(Lines),
    Hidden,
}

impl ProgressDisplay {
    /// A display with this format.
    #[must_use]
    pub fn new(format: ProgressFormat) -> Self {
        let output = match format {
            ProgressFormat::Text if has_terminal() => Output::Bars(Bars::default()),
            ProgressFormat::Text => Output::Lines(Lines::text()),
            ProgressFormat::Json => Output::Lines(Lines::json()),
            ProgressFormat::Hidden => Output::Hidden,
        };
        Self { output: Arc::new(Mutex::new(output)) }
    }

    /// A layer that writes warnings and errors to standard error, above the bars. The environment variable `RUST_LOG` sets another level.
    pub fn warning_layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let display = self.clone();
        tracing_subscriber::fmt::layer()
            .with_writer(move || display.writer())
            .with_ansi(console::colors_enabled_stderr())
            .event_format(WarningFormat)
            .log_internal_errors(false)
            .with_filter(warning_filter())
    }

    /// A writer to standard error whose text appears above the bars.
    #[must_use]
    pub fn writer(&self) -> impl Write + use<> {
        DisplayWriter { display: self.clone() }
    }

    /// Calls `write`, which writes whole lines to the terminal, without the bars in the way.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &*self.output() {
            Output::Bars(bars) => bars.suspend(write),
            Output::Lines(_) | Output::Hidden => write(),
        }
    }

    /// Leaves the bars of unfinished tasks as they are, for a program that ends now.
    pub fn freeze(&self) {
        if let Output::Bars(bars) = &mut *self.output() {
            bars.freeze();
        }
    }

    pub(super) fn begin(&self, id: u64, task: Task, done: u64) {
        match &mut *self.output() {
            Output::Bars(bars) => bars.begin(id, task, done),
            Output::Lines(lines) => lines.begin(id, task, done),
            Output::Hidden => {}
        }
    }

    pub(super) fn update(&self, id: u64, done: Option<u64>, message: Option<String>) {
        match &mut *self.output() {
            Output::Bars(bars) => bars.update(id, done, message),
            Output::Lines(lines) => lines.update(id, done),
            Output::Hidden => {}
        }
    }

    pub(super) fn end(&self, id: u64) {
        match &mut *self.output() {
            Output::Bars(bars) => bars.end(id),
            Output::Lines(lines) => lines.end(id),
            Output::Hidden => {}
        }
    }

    fn output(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The messages that a program shows: those that `RUST_LOG` selects, or else warnings and errors. The renderer of PNG figures warns of
/// lines without length, which are harmless.
#[must_use]
pub fn warning_filter() -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,tiny_skia=error"))
}

/// Whether standard error can show bars.
fn has_terminal() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}

struct DisplayWriter {
    display: ProgressDisplay,
}

impl Write for DisplayWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.display.suspend(|| io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
