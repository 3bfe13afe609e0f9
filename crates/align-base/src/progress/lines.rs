//! Progress without a terminal: a line from time to time.

use super::shown_task::Task;
use super::time_left::time_left;
use crate::format_duration;
use indicatif::HumanBytes;
use serde_json::json;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Time between two lines on a task.
const INTERVAL: Duration = Duration::from_secs(30);
/// A task that takes less time than this gets no line at its end.
const SHORTEST: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Lines {
    json: bool,
    running: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    id: u64,
    task: Task,
    /// Items that were done when the task began, and that are done now.
    done: [u64; 2],
    started: Instant,
    last_line: Instant,
}

impl Lines {
    /// Lines of text.
    pub fn text() -> Self {
        Self { json: false, running: Vec::new() }
    }

    /// JSON objects.
    pub fn json() -> Self {
        Self { json: true, running: Vec::new() }
    }

    pub fn begin(&mut self, id: u64, task: Task, done: u64) {
        let now = Instant::now();
        self.running.push(Running { id, task, done: [done; 2], started: now, last_line: now });
    }

    pub fn update(&mut self, id: u64, done: Option<u64>) {
        let json = self.json;
        let Some(running) = self.running.iter_mut().find(|running| running.id == id) else { return };
        running.done[1] = done.unwrap_or(running.done[1]);
        if running.last_line.elapsed() >= INTERVAL && !running.task.logged {
            running.last_line = Instant::now();
            write_line(&if json { running.json() } else { running.text() });
        }
    }

    pub fn end(&mut self, id: u64) {
        let Some(index) = self.running.iter().position(|running| running.id == id) else { return };
        let running = self.running.remove(index);
        let Running { task, done: [_, done], started, .. } = &running;
        let line = finished_line(task, *done, started.elapsed());
        if let Some(line) = line.filter(|_| self.running.is_empty() && (*done >= task.total)) {
            write_line(&if self.json { running.json() } else { line });
        }
    }
}

impl Running {
    fn text(&self) -> String {
        let Self { task, done: [_, done], started, .. } = self;
        let elapsed = format_duration(started.elapsed());
        let left = time_left(started.elapsed(), self.done, task.total);
        let left = left.map(|left| format!(", about {} left", format_duration(left))).unwrap_or_default();
        match task.total {
            0 => format!("{}: {done} {} in {elapsed}", task.name, task.unit),
            total => format!("{}: {done}/{total} {} in {elapsed}{left}", task.name, task.unit),
        }
    }

    fn json(&self) -> String {
        let Self { task, done: [_, done], started, .. } = self;
        let seconds = started.elapsed().as_secs_f64();
        json!({ "event": "progress", "task": task.name, "done": done, "total": task.total, "unit": task.unit, "seconds": seconds })
            .to_string()
    }
}

/// The line at the end of a task, if the task took long.
pub fn finished_line(task: &Task, done: u64, elapsed: Duration) -> Option<String> {
    let Task { name, unit, logged, .. } = task;
    let amount = match unit.as_str() {
        "bytes" => HumanBytes(done).to_string(),
        unit => format!("{done} {unit}"),
    };
    (elapsed >= SHORTEST && !logged).then(|| format!("{name}: {amount} in {}", format_duration(elapsed)))
}

fn write_line(line: &str) {
    // There is nowhere to report an error of standard error.
    writeln!(io::stderr(), "{line}").ok();
}
