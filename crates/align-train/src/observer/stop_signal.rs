use super::Observer;
use crate::objective::Objective;
use crate::{Flow, Result, StepRecord, Trainer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Stops the run after the current step once [`StopSignal::stop`] is called, for example from another thread.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// Requests that the run stops.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was requested.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn flow(&self) -> Flow {
        if self.is_stopped() { Flow::Stop } else { Flow::Continue }
    }
}

impl<O: Objective> Observer<O> for StopSignal {
    fn on_start(&mut self, _: &Trainer<O>) -> Result<Flow> {
        Ok(self.flow())
    }

    fn on_step(&mut self, _: &Trainer<O>, _: &StepRecord) -> Result<Flow> {
        Ok(self.flow())
    }
}
