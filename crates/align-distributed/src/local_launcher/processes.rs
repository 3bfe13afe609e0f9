//! Processes that run, until all have ended.

use crate::store::Store;
use align_torch::TerminationSignal;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
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

/// The first process that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rank {rank} {end}")]
pub struct RankFailure {
    /// The process.
    pub rank: usize,
    /// How it ended.
    pub end: End,
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
struct Running {
    children: Mutex<Vec<Option<Child>>>,
    stopping: AtomicBool,
}

impl LocalProcesses {
    pub(super) fn new(store: Store, grace: Duration, output_closed: Receiver<()>) -> Self {
        Self { running: Arc::default(), grace, output_closed, _store: store }
    }

    pub(super) fn add(&mut self, child: Child) {
        self.running.children.lock().unwrap_or_else(PoisonError::into_inner).push(Some(child));
    }

    /// A function that hands on a signal to all processes, for the thread that gets the program's signals. After that, processes may take
    /// as long as they need to end, whatever their exit codes.
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

    /// Waits until all processes have ended. When one fails, the others get SIGTERM, and after a grace SIGKILL.
    ///
    /// # Errors
    /// A process failed.
    pub fn wait(self) -> Result<(), RankFailure> {
        let mut first: Option<RankFailure> = None;
        let mut kill_at: Option<Instant> = None;
        loop {
            let (ended, left) = self.running.collect();
            if let (None, Some((rank, status))) = (&first, ended.into_iter().find(|(_, status)| !status.success())) {
                first = Some(RankFailure { rank, end: status.into() });
                if !self.running.stopping.load(Ordering::SeqCst) {
                    self.running.send(Signal::SIGTERM);
                    // A stopped process gets SIGTERM only when it goes on.
                    self.running.send(Signal::SIGCONT);
                    kill_at = Some(Instant::now() + self.grace);
                }
            }
            if left == 0 {
                break;
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
