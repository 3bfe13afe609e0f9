//! Progress bars on a terminal: one line per running task.

use super::lines::finished_line;
use super::narrow_terminal::{FREE_WIDTH, NarrowTerminal};
use super::shown_task::Task;
use super::time_left::time_left;
use crate::format_duration;
use console::{Term, truncate_str};
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

/// The time is also updated while a step takes long.
const TICK: Duration = Duration::from_millis(500);
/// Width of the bar in columns; less on a narrow terminal.
const BAR_WIDTH: usize = 16;
/// Columns for counts and times beside the name, the bar and the message: ` 1234/5000 steps 12m<34m `.
const COUNTS_WIDTH: usize = 27;
/// A message with less room is left out.
const MIN_MESSAGE: usize = 8;
/// Longest name of a task on a line of 80 columns, in characters.
const LONGEST_NAME: usize = 24;

const COUNTED: &str = "{prefix} {bar:BAR_WIDTH} {pos}/{len} {msg_unit} {elapsed}{left} {msg}";
const BYTES: &str = "{prefix} {bar:BAR_WIDTH} {bytes}/{total_bytes} {elapsed}{left} {msg}";
const BYTES_WITHOUT_TOTAL: &str = "{prefix} {spinner} {bytes} {elapsed} {msg}";
const WITHOUT_TOTAL: &str = "{prefix} {spinner} {pos} {msg_unit} {elapsed} {msg}";

#[derive(Debug)]
pub struct Bars {
    all: MultiProgress,
    running: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    id: u64,
    task: Task,
    bar: ProgressBar,
}

impl Default for Bars {
    fn default() -> Self {
        Self {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::term_like(Box::new(NarrowTerminal::stderr()))),
            running: Vec::new(),
        }
    }
}

impl Bars {
    pub fn begin(&mut self, id: u64, task: Task, done: u64) {
        let bar = if task.total > 0 { ProgressBar::new(task.total) } else { ProgressBar::no_length() };
        let template = match (task.unit.as_str(), task.total) {
            ("bytes", 0) => BYTES_WITHOUT_TOTAL,
            ("bytes", _) => BYTES,
            (_, 0) => WITHOUT_TOTAL,
            _ => COUNTED,
        };
        if let Ok(style) = ProgressStyle::with_template(
            &template.replace("{msg_unit}", &task.unit).replace("BAR_WIDTH", &bar_width().to_string()),
        ) {
            bar.set_style(style.with_key("left", time_left_after(done)));
        }
        let bar = self.all.add(bar.with_prefix(shortened(&task.name)).with_position(done));
        bar.enable_steady_tick(TICK);
        self.running.push(Running { id, task, bar });
    }

    pub fn update(&mut self, id: u64, done: Option<u64>, message: Option<String>) {
        let Some(Running { bar, .. }) = self.running.iter().find(|running| running.id == id) else { return };
        let used = bar.prefix().chars().count() + bar_width() + COUNTS_WIDTH + usize::from(FREE_WIDTH);
        if let Some(done) = done {
            bar.set_position(done);
        }
        if let Some(message) = message {
            let room = columns().saturating_sub(used);
            bar.set_message(if room >= MIN_MESSAGE {
                truncate_str(&message, room, "…").into_owned()
            } else {
                String::new()
            });
        }
    }

    /// Removes the bar of a finished task. The bar of an unfinished one stays as it is.
    pub fn end(&mut self, id: u64) {
        let Some(index) = self.running.iter().position(|running| running.id == id) else { return };
        let running = self.running.remove(index);
        let (task, done) = (&running.task, running.bar.position());
        let line = match done < task.total {
            true => Some(running.frozen()),
            false => finished_line(task, done, running.bar.elapsed()).filter(|_| self.running.is_empty()),
        };
        running.bar.finish_and_clear();
        self.all.remove(&running.bar);
        if let Some(line) = line {
            // A line that cannot be written is lost, as the bar was. `MultiProgress::println` would fill the line with spaces up to the
            // terminal's width, and a narrower window would wrap it.
            self.all.suspend(|| writeln!(io::stderr(), "{line}").ok());
        }
    }

    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.all.suspend(write)
    }

    pub fn freeze(&mut self) {
        let unfinished: Vec<u64> = self.running.iter().map(|running| running.id).collect();
        unfinished.into_iter().for_each(|id| self.end(id));
    }
}

impl Running {
    /// The line of the bar as text, which stays where it is printed.
    fn frozen(&self) -> String {
        let Self { task: Task { unit, total, .. }, bar, .. } = self;
        let (name, done) = (bar.prefix(), bar.position());
        let width = bar_width();
        let filled = ((width as u64 * done / (*total).max(1)) as usize).min(width);
        let (full, empty) = ("█".repeat(filled), "░".repeat(width - filled));
        let elapsed = format_duration(bar.elapsed());
        let line = format!("{name} {full}{empty} {done}/{total} {unit} {elapsed} {}", bar.message());
        truncate_str(line.trim_end(), columns().saturating_sub(1), "…").into_owned()
    }
}

/// The width of the terminal.
fn columns() -> usize {
    usize::from(Term::stderr().size().1)
}

fn bar_width() -> usize {
    (columns() / 5).clamp(4, BAR_WIDTH)
}

/// Writes the remaining time of a task of which `before` items were done when it began.
fn time_left_after(before: u64) -> impl Fn(&ProgressState, &mut dyn fmt::Write) + Clone + Send + Sync {
    move |state, line| {
        let left = state.len().and_then(|total| time_left(state.elapsed(), [before, state.pos()], total));
        if let Some(left) = left {
            // The line is kept in memory, which does not fail.
            write!(line, "<{:#}", HumanDuration(left)).ok();
        }
    }
}

fn shortened(name: &str) -> String {
    match name.chars().nth(LONGEST_NAME) {
        Some(_) => name.chars().take(LONGEST_NAME - 1).chain(['…']).collect(),
        None => name.to_owned(),
    }
}
