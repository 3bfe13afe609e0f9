//! Ctrl-C, SIGTERM and SIGHUP. Each ends a program at once, as if nothing watched, except where work is under way that can be
//! kept: there the first one asks for the end, and the second one is the end.

use crate::output;
use align_torch::{TerminationError, TerminationSignal, exit_now, watch_termination_signals};
use align_train::StopSignal;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where a terminal goes away, the system and the shell each send a SIGHUP.
const SAME_HANGUP: Duration = Duration::from_secs(1);

struct State {
    /// What the first signal sets and says, while there is work to keep.
    kept: Option<(StopSignal, &'static str)>,
    first: Option<(TerminationSignal, Instant)>,
}

static STATE: Mutex<State> = Mutex::new(State { kept: None, first: None });

/// The end of a program that a signal asked for: what was kept, and how to go on.
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

/// Begins to watch. Called before LibTorch starts threads, none of which then ever runs a handler.
pub fn watch() -> Result<(), TerminationError> {
    watch_termination_signals(on_signal)
}

/// The signal that asked for the end, if one did.
pub fn received() -> Option<TerminationSignal> {
    state().first.map(|(signal, _)| signal)
}

/// While it lives, work is under way that can be kept: the first signal asks for its end.
pub struct Keeping {
    stop: StopSignal,
    outermost: bool,
}

impl Keeping {
    /// Such work begins, within other such work or not. `answer` is what the first signal is answered with.
    pub fn begin(answer: &'static str) -> Self {
        let mut state = state();
        if let Some((stop, _)) = &state.kept {
            return Self { stop: stop.clone(), outermost: false };
        }
        let stop = StopSignal::default();
        if state.first.is_some() {
            stop.stop();
        }
        state.kept = Some((stop.clone(), answer));
        Self { stop, outermost: true }
    }

    /// The same while files are written at the end of a program.
    pub fn files() -> Self {
        Self::begin("stopping once the files are written")
    }

    /// What the first signal sets.
    pub fn stop_signal(&self) -> StopSignal {
        self.stop.clone()
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        if self.outermost {
            state().kept = None;
        }
    }
}

fn on_signal(signal: TerminationSignal) {
    let mut state = state();
    match (&state.kept, state.first) {
        (Some((stop, answer)), None) => {
            stop.stop();
            let answer = *answer;
            state.first = Some((signal, Instant::now()));
            // Whoever reads standard error may be stuck, and the next signal must not wait for that.
            let say = move || output::error_line(format_args!("{answer}; again to stop at once"));
            std::thread::Builder::new().spawn(say).ok();
        }
        (Some(_), Some((TerminationSignal::Hangup, at)))
            if signal == TerminationSignal::Hangup && at.elapsed() < SAME_HANGUP => {}
        _ => exit_now(signal.exit_code().into()),
    }
}
