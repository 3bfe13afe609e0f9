use nix::sys::signal::{SigSet, Signal};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// A signal that requests a program to terminate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminationSignal {
    /// SIGINT, Ctrl-C.
    Interrupt,
    /// SIGTERM, which `kill` and most schedulers send.
    Terminate,
    /// SIGHUP: the terminal was closed.
    Hangup,
}

impl TerminationSignal {
    const ALL: [Self; 3] = [Self::Interrupt, Self::Terminate, Self::Hangup];

    fn signal(self) -> Signal {
        match self {
            Self::Interrupt => Signal::SIGINT,
            Self::Terminate => Signal::SIGTERM,
            Self::Hangup => Signal::SIGHUP,
        }
    }

    /// The exit code that shells expect of a program terminated by the signal: 128 plus the signal's number.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        128 + self.signal() as u8
    }
}

/// Why termination signals cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum TerminationError {
    /// The process watches them already.
    #[error("termination signals are watched already")]
    AlreadyWatched,
    /// A system error.
    #[error("termination signals cannot be watched: {0}")]
    System(#[from] io::Error),
}

static WATCHED: AtomicBool = AtomicBool::new(false);

/// Blocks SIGINT, SIGTERM and SIGHUP in this thread and all threads started from it later, and calls `on_signal` in a separate thread
/// for each of these signals. If SIGHUP was ignored, as under `nohup`, it stays ignored.
///
/// Call it first in `main`. A signal handler must not run on a computing thread: the matrix kernels of oneDNN and MKL let the stack
/// pointer point into a buffer on the heap, and the frame that the system pushes for a handler overwrites data there. Crates that
/// install a handler for any signal (`ctrlc`, `signal-hook`, tokio's `signal`) are dangerous for this reason. Without a handler a signal
/// terminates the process, which is harmless.
///
/// Threads started earlier still receive these signals, which then terminate the process without `on_signal`; a warning is logged.
/// Child processes inherit the blocked signals.
///
/// ```no_run
/// use align_torch::{exit_now, watch_termination_signals};
///
/// fn main() -> Result<(), align_torch::TerminationError> {
///     watch_termination_signals(|signal| exit_now(signal.exit_code().into()))?;
///     let product = tch::Tensor::ones([64, 64], tch::kind::FLOAT_CPU).matmul(&tch::Tensor::ones([64, 64], tch::kind::FLOAT_CPU));
///     assert_eq!(product.double_value(&[0, 0]), 64.0);
///     Ok(())
/// }
/// ```
///
/// # Errors
/// The process watches the signals already, or the signals cannot be blocked, or the thread cannot be started.
pub fn watch_termination_signals(
    mut on_signal: impl FnMut(TerminationSignal) + Send + 'static,
) -> Result<(), TerminationError> {
    if WATCHED.swap(true, Ordering::SeqCst) {
        return Err(TerminationError::AlreadyWatched);
    }
    let watched: Vec<TerminationSignal> = TerminationSignal::ALL
        .into_iter()
        .filter(|signal| *signal != TerminationSignal::Hangup || !is_ignored(signal.signal()))
        .collect();
    let signals: SigSet = watched.iter().map(|signal| signal.signal()).collect();
    signals.thread_block().map_err(io::Error::from)?;
    warn_of_other_threads(&signals);
    let wait = move || {
        while let Ok(arrived) = signals.wait() {
            if let Some(signal) = watched.iter().find(|signal| signal.signal() == arrived) {
                on_signal(*signal);
            }
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}

/// Whether the signal was ignored when the process started. If it were blocked, it would still be delivered to the watching thread.
fn is_ignored(signal: Signal) -> bool {
    // SAFETY: a null action asks for the present one, which is written into a structure of ours that zeros are valid for.
    unsafe {
        let mut present: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal as i32, std::ptr::null(), &raw mut present) == 0 && present.sa_sigaction == libc::SIG_IGN
    }
}

/// Logs a warning if there are threads that do not block these signals.
fn warn_of_other_threads(signals: &SigSet) {
    let mask = signals.iter().fold(0_u64, |mask, signal| mask | 1 << (signal as u32 - 1));
    // Only Linux shows which signals a thread blocks.
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let takes_them = |task: &std::fs::DirEntry| {
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        let blocked =
            status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigBlk:")?.trim(), 16).ok());
        blocked.is_some_and(|blocked| blocked & mask != mask)
    };
    let threads = tasks.filter(takes_them).count();
    if threads > 0 {
        tracing::warn!(
            threads,
            "threads started before the signals were blocked still receive them: a signal terminates the program at once"
        );
    }
}
