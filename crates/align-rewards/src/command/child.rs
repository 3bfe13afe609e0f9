//! A running program.

use super::lines::{Line, MAX_LINE, for_each_line};
use super::stderr_tail::StderrTail;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Lines that wait to be read.
const WAITING_LINES: usize = 1024;
/// How long a program may take to end after its input has ended.
const TIME_TO_END: Duration = Duration::from_secs(1);
/// How long a program that was killed, or has closed its output, may take to disappear.
const TIME_TO_DIE: Duration = Duration::from_millis(200);
/// The time between two looks at whether a program has ended.
const POLL: Duration = Duration::from_millis(5);

/// A program that answers lines.
#[derive(Debug)]
pub(super) struct Child {
    child: std::process::Child,
    input: Option<ChildStdin>,
    output: Receiver<Line>,
    messages: StderrTail,
}

/// What comes next from a program.
#[derive(Debug)]
pub(super) enum Next {
    Line(Vec<u8>),
    /// A line of more than this number of bytes.
    TooLong(usize),
    Unreadable(std::io::Error),
    /// The program has closed its output.
    Ended,
    /// Nothing came within the time limit.
    Late,
}

impl Child {
    /// Starts a program. `name` is that of the reward function.
    pub fn start(program: &str, arguments: &[String], name: &str) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // In a process group of its own it gets no Ctrl-C, and can be killed with its own children.
        command.process_group(0);
        let failed = |problem: std::io::Error| format!("it cannot be started: {problem}");
        let mut child = command.spawn().map_err(failed)?;
        let (input, output, error) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (sender, receiver) = sync_channel(WAITING_LINES);
        let messages = StderrTail::default();
        // From here on the program is killed if something fails.
        let started = Self { child, input, output: receiver, messages: messages.clone() };
        if let Some(output) = output {
            let read = move || for_each_line(output, |line| sender.send(line).is_ok());
            thread::Builder::new().name("reward output".into()).spawn(read).map_err(failed)?;
        }
        if let Some(error) = error {
            let name = name.to_owned();
            let read = move || messages.follow(error, &name);
            thread::Builder::new().name("reward messages".into()).spawn(read).map_err(failed)?;
        }
        Ok(started)
    }

    /// Whether there is a line that nobody has asked for.
    pub fn has_unread_line(&self) -> bool {
        self.output.try_recv().is_ok()
    }

    /// Writes lines, and gives `answer` a function that waits for the next line of the program. `answer` returns whether it
    /// expects another one.
    pub fn exchange(
        &mut self,
        lines: &[String],
        mut answer: impl FnMut(&dyn Fn(Duration) -> Next) -> Result<bool, String>,
    ) -> Result<(), String> {
        let (input, output, child) = (&mut self.input, &self.output, &mut self.child);
        thread::scope(|scope| {
            // Writing waits for the program to read, which may wait for its output to be read.
            let writer = scope.spawn(move || input.as_mut().map_or(Ok(()), |input| write_lines(input, lines)));
            let next = |timeout| next_line(output, timeout);
            let answered = loop {
                match answer(&next) {
                    Ok(true) => {}
                    Ok(false) => break Ok(()),
                    Err(problem) => {
                        // If it ends by itself, its status says why. Then its children are killed, which ends the writer too.
                        wait(child, TIME_TO_DIE);
                        kill_group(child.id());
                        break Err(problem);
                    }
                }
            };
            // A program may answer without reading, for example with a constant.
            let _ = writer.join();
            answered
        })
    }

    /// Kills the program. Returns how it had ended before, and its last messages, for an error.
    pub fn kill(mut self) -> String {
        let ended = wait(&mut self.child, TIME_TO_DIE);
        kill_group(self.child.id());
        // The messages of a program that has just ended may still be on their way.
        thread::sleep(POLL * 4);
        let status = ended.filter(|status| status.code().is_some()).map(|status| format!(" ({status})"));
        status.unwrap_or_default() + &self.messages.text()
    }
}

/// Waits for a program to end.
fn wait(child: &mut std::process::Child, limit: Duration) -> Option<ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < end => thread::sleep(POLL),
            _ => return None,
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.input.take());
        if wait(&mut self.child, TIME_TO_END).is_none() {
            kill_group(self.child.id());
            wait(&mut self.child, TIME_TO_DIE);
        }
    }
}

fn write_lines(input: &mut ChildStdin, lines: &[String]) -> std::io::Result<()> {
    for line in lines {
        input.write_all(line.as_bytes())?;
    }
    input.flush()
}

fn next_line(output: &Receiver<Line>, timeout: Duration) -> Next {
    match output.recv_timeout(timeout) {
        Ok(Line::Text(line)) => Next::Line(line),
        Ok(Line::TooLong) => Next::TooLong(MAX_LINE),
        Ok(Line::Unreadable(problem)) => Next::Unreadable(problem),
        Err(RecvTimeoutError::Timeout) => Next::Late,
        Err(RecvTimeoutError::Disconnected) => Next::Ended,
    }
}

/// Kills a program and its children, if there are any left.
fn kill_group(leader: u32) {
    if let Some(pid) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}
