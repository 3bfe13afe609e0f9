//! Ctrl-C, SIGTERM and SIGHUP. Each ends the program at once, except while a [`GracefulStop`] exists: then the first signal requests a
//! stop, so that work in progress can be saved, and a second signal, a second later or more, ends the program at once.

use crate::log;
use align_torch::{TerminationError, TerminationSignal, exit_now, watch_termination_signals};
use align_train::StopSignal;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Signals within this time count as one: when a terminal is closed, the system and the shell each send a SIGHUP, and a scheduler or
/// `timeout` may send SIGTERM to the program and to its group. A second one must not lose the step that the first one saves.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

/// How long a signal waits for its message to be written before it ends the program.
const LONGEST_WRITE: Duration = Duration::from_millis(500);

struct State {
    /// The stop signal to set and the message to print at the first signal, while a [`GracefulStop`] exists.
    graceful: Option<(StopSignal, &'static str)>,
    first: Option<(TerminationSignal, Instant)>,
    /// The stop signal that Ctrl-C sets, while an [`InterruptibleTask`] exists.
    interruptible: Option<StopSignal>,
    /// The message for a signal that ends the program at once.
    message: Option<String>,
    /// Hands on signals to the processes that do the work, while there are any.
    forward: Option<Box<dyn Fn(TerminationSignal) + Send>>,
}

static STATE: Mutex<State> =
    Mutex::new(State { graceful: None, first: None, interruptible: None, message: None, forward: None });

/// The error of a command that was stopped by a signal. Its message says what was saved and how to continue.
#[derive(Debug)]
pub struct Stopped(pub String);

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stopped {}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts watching for signals. Must be called before LibTorch starts threads, so that the signals are blocked in all of them.
pub fn watch() -> Result<(), TerminationError> {
    watch_termination_signals(on_signal)
}

/// From now on, hands on all signals with this function: other processes do the work, and end when they have saved it.
pub fn forward(hand_on: impl Fn(TerminationSignal) + Send + 'static) {
    state().forward = Some(Box::new(hand_on));
}

/// The first signal that was received, if any.
pub fn received() -> Option<TerminationSignal> {
    state().first.map(|(signal, _)| signal)
}

/// Sets the message for a signal that ends the program at once from now on. It says what is saved and how to continue.
pub fn set_message(message: impl Into<String>) {
    state().message = Some(message.into());
}

/// From now on, a signal ends the program without a message: another process prints the reason.
pub fn end_silently() {
    state().message = Some(String::new());
}

/// A guard for work that can be saved: while it exists, the first signal sets its stop signal instead of ending the program.
pub struct GracefulStop {
    stop: StopSignal,
    outermost: bool,
}

impl GracefulStop {
    /// Starts such work. `message` is printed at the first signal. Guards may be nested: an inner one shares the stop signal and the
    /// message of the outermost.
    pub fn begin(message: &'static str) -> Self {
        let mut state = state();
        if let Some((stop, _)) = &state.graceful {
            return Self { stop: stop.clone(), outermost: false };
        }
        let stop = StopSignal::default();
        if state.first.is_some() {
            stop.stop();
        }
        state.graceful = Some((stop.clone(), message));
        Self { stop, outermost: true }
    }

    /// A guard for the time in which a command writes its output files.
    pub fn while_writing_files() -> Self {
        Self::begin("stopping once the files are written")
    }

    /// The stop signal that the first signal sets.
    pub fn stop_signal(&self) -> StopSignal {
        self.stop.clone()
    }
}

impl Drop for GracefulStop {
    fn drop(&mut self) {
        if self.outermost {
            state().graceful = None;
        }
    }
}

/// A guard for a task that Ctrl-C ends without ending the program. SIGTERM and SIGHUP still end the program at once.
pub struct InterruptibleTask(StopSignal);

impl InterruptibleTask {
    /// Starts such a task.
    pub fn begin() -> Self {
        let stop = StopSignal::default();
        state().interruptible = Some(stop.clone());
        Self(stop)
    }

    /// Whether Ctrl-C was pressed.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped()
    }
}

impl Drop for InterruptibleTask {
    fn drop(&mut self) {
        state().interruptible = None;
    }
}

fn on_signal(signal: TerminationSignal) {
    let mut state = state();
    if let Some(forward) = &state.forward {
        forward(signal);
        state.first = state.first.or_else(|| Some((signal, Instant::now())));
        return;
    }
    if signal == TerminationSignal::Interrupt
        && let Some(stop) = &state.interruptible
    {
        return stop.stop();
    }
    match (&state.graceful, state.first) {
        (Some((stop, message)), None) => {
            stop.stop();
            let message = *message;
            state.first = Some((signal, Instant::now()));
            in_thread(move || log::message("stopping", &format!("{message}; again to stop at once")));
        }
        (Some(_), Some((_, at))) if at.elapsed() < SAME_SIGNAL => {}
        _ => {
            let message = state.message.take().unwrap_or_else(|| "stopped; nothing was written".to_owned());
            let written = in_thread(move || {
                log::freeze_progress();
                if !message.is_empty() {
                    log::message("stopped", &message);
                }
            });
            written.recv_timeout(LONGEST_WRITE).ok();
            exit_now(signal.exit_code().into())
        }
    }
}

/// Calls `write` in a thread of its own, because writing to standard error may block if its reader is stuck. Returns the channel on which
/// the end is announced.
fn in_thread(write: impl FnOnce() + Send + 'static) -> Receiver<()> {
    let (done, receiver) = channel();
    let announced = move || {
        write();
        done.send(()).ok();
    };
    std::thread::Builder::new().spawn(announced).ok();
    receiver
}
