//! Processes that run, until all have ended.

use super::output::{OutputLine, Stream};
use crate::store::Store;
use align_torch::TerminationSignal;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The pause between questions whether a process has ended.
const PAUSE: Duration = Duration::from_millis(20);
/// How long the last lines may take after the end of the processes. Programs that they left behind may keep the pipes open.
const LAST_LINES: Duration = Duration::from_secs(2);

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// The first process that failed. After a signal was handed on, one that ended for another reason comes before those that the signal
/// ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rank {rank} {end}")]
pub struct RankFailure {
    /// The process.
    pub rank: usize,
    /// How it ended.
    pub end: End,
}

impl End {
    /// Whether SIGHUP, SIGINT or SIGTERM ended the process, or it ended by itself after one of them, with 128 and its number as exit code.
    fn is_by_termination_signal(self) -> bool {
        let (Self::Code(number) | Self::Signal(number)) = self;
        let shift = if matches!(self, Self::Code(_)) { 128 } else { 0 };
        [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM].into_iter().any(|signal| number == signal as i32 + shift)
    }
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or_default()),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "ended with exit code {code}"),
            Self::Signal(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(f, "was ended by {signal}"),
                Err(_) => write!(f, "was ended by signal {number}"),
            },
        }
    }
}

/// The processes of a [`LocalLauncher`](super::LocalLauncher). Dropping it ends them.
pub struct LocalProcesses {
    running: Arc<Running>,
    grace: Duration,
    output_closed: Receiver<()>,
    _store: Store,
}

/// The processes that have not ended, by rank.
#[derive(Default)]
pub(super) struct Running {
    children: Mutex<Vec<Option<Child>>>,
    stopping: AtomicBool,
    /// The rank whose failure ends the others.
    failed: OnceLock<usize>,
}

impl LocalProcesses {
    pub(super) fn new(store: Store, grace: Duration, output_closed: Receiver<()>) -> Self {
        Self { running: Arc::default(), grace, output_closed, _store: store }
    }

    pub(super) fn add(&mut self, child: Child) {
        self.running.children.lock().unwrap_or_else(PoisonError::into_inner).push(Some(child));
    }

    pub(super) fn running(&self) -> Arc<Running> {
        self.running.clone()
    }

    /// A function that hands on a signal to all processes, for the thread that gets the program's signals. After that, processes that the
    /// signal ends do not end the others, which may take as long as they need.
    pub fn forward(&self) -> impl Fn(TerminationSignal) + Send + Sync + 'static {
        let running = self.running.clone();
        move |signal| {
            running.stopping.store(true, Ordering::SeqCst);
            running.send(match signal {
                TerminationSignal::Interrupt => Signal::SIGINT,
                TerminationSignal::Terminate => Signal::SIGTERM,
                TerminationSignal::Hangup => Signal::SIGHUP,
            });
        }
    }

    /// Waits until all processes have ended. When one fails, the others get SIGTERM, and after a grace SIGKILL. What they write to standard
    /// error from then on is left out, since they fail because of the first.
    ///
    /// # Errors
    /// A process failed.
    pub fn wait(self) -> Result<(), RankFailure> {
        let mut first: Option<RankFailure> = None;
        let mut kill_at: Option<Instant> = None;
        let mut some_ended = false;
        loop {
            let (ended, left) = self.running.collect();
            some_ended |= !ended.is_empty();
            for (rank, status) in ended.into_iter().filter(|(_, status)| !status.success()) {
                let failure = RankFailure { rank, end: status.into() };
                if self.running.stopping.load(Ordering::SeqCst) && failure.end.is_by_termination_signal() {
                    first = first.or(Some(failure));
                } else if self.running.failed.set(rank).is_ok() {
                    first = Some(failure);
                    self.running.send(Signal::SIGTERM);
                    kill_at = Some(Instant::now() + self.grace);
                }
            }
            if left == 0 {
                break;
            }
            if some_ended {
                // A process that is stopped would not end. No other waits for it any more, so none would report it.
                self.running.send(Signal::SIGCONT);
            }
            if kill_at.is_some_and(|time| Instant::now() >= time) {
                self.running.send(Signal::SIGKILL);
                kill_at = None;
            }
            sleep(PAUSE);
        }
        // Ends when all senders are dropped.
        let _ = self.output_closed.recv_timeout(LAST_LINES);
        first.map_or(Ok(()), Err)
    }
}

impl Drop for LocalProcesses {
    fn drop(&mut self) {
        self.running.send(Signal::SIGKILL);
        while self.running.collect().1 > 0 {
            sleep(PAUSE);
        }
    }
}

impl Running {
    /// Whether a process wrote this line because another one has failed.
    pub(super) fn is_consequence(&self, line: &OutputLine) -> bool {
        line.stream == Stream::Error && self.failed.get().is_some_and(|failed| *failed != line.rank)
    }

    /// Sends a signal to the processes and their children. An ended process is not in the list, so its number cannot be another's.
    fn send(&self, signal: Signal) {
        for child in self.children.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten() {
            if let Ok(group) = i32::try_from(child.id()) {
                // The process may have ended just now.
                let _ = killpg(Pid::from_raw(group), signal);
            }
        }
    }

    /// The processes that have ended since the last time, and the number of those that run.
    fn collect(&self) -> (Vec<(usize, ExitStatus)>, usize) {
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ended = Vec::new();
        for (rank, place) in children.iter_mut().enumerate() {
            if let Some(Ok(Some(status))) = place.as_mut().map(Child::try_wait) {
                ended.push((rank, status));
                *place = None;
            }
        }
        (ended, children.iter().flatten().count())
    }
}
