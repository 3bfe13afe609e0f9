//! The thread that does a group's operations, one after the other, in the order in which they were called.

use crate::call::{Call, NUMBERS};
use crate::error::Error;
use crate::gloo::Gloo;
use crate::monitor::{Monitor, Place};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use tch::{Kind, Tensor};

/// What an operation does after the ranks have agreed on it, given their calls. Errors are those of Gloo.
pub(crate) type Run = Box<dyn FnOnce(&Gloo, &[Call]) -> Result<Vec<Tensor>, String> + Send>;

/// The result of an operation.
type Outcome = Result<Vec<Tensor>, Error>;

struct Task {
    call: Call,
    run: Run,
    done: Sender<Outcome>,
}

pub(crate) struct Worker {
    tasks: Option<Sender<Task>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(crate) fn start(gloo: Gloo, monitor: Monitor, rank: usize, world_size: usize) -> Result<Self, Error> {
        let (tasks, incoming) = channel();
        let mut thread = Thread { connection: Ok(gloo), monitor, rank, world_size, number: 0 };
        let run = move || thread.run(&incoming);
        let started = thread::Builder::new().name("collectives".to_owned()).spawn(run);
        let thread = started.map_err(|source| Error::System { action: "starting a thread".to_owned(), source })?;
        Ok(Self { tasks: Some(tasks), thread: Some(thread) })
    }

    /// Queues an operation.
    pub(crate) fn submit(&self, call: Call, run: Run) -> Pending {
        let (done, outcome) = channel();
        if let Some(tasks) = &self.tasks {
            // If the thread has ended, `Pending` finds out.
            let _ = tasks.send(Task { call, run, done });
        }
        Pending(outcome)
    }
}

impl Drop for Worker {
    /// Finishes the queued operations.
    fn drop(&mut self) {
        self.tasks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A queued operation.
pub(crate) struct Pending(Receiver<Outcome>);

impl Pending {
    pub(crate) fn wait(self) -> Outcome {
        self.0.recv().unwrap_or_else(|_| Err(Error::Ended("its thread ended".to_owned())))
    }
}

struct Thread {
    /// The connections to the other ranks, or the error that ended them.
    connection: Result<Gloo, String>,
    monitor: Monitor,
    rank: usize,
    world_size: usize,
    number: u64,
}

impl Thread {
    fn run(&mut self, tasks: &Receiver<Task>) {
        for Task { call, run, done } in tasks {
            // Nobody waits for the result if the handle was dropped.
            let _ = done.send(self.operation(&call, run));
        }
        if self.connection.is_ok() && self.number > 0 {
            self.monitor.leave();
        }
    }

    fn operation(&mut self, call: &Call, run: Run) -> Outcome {
        self.number += 1;
        self.monitor.enter(Place { number: self.number, operation: call.to_string(), ended: false });
        let start = Instant::now();
        let problem = match &self.connection {
            Err(earlier) => return Err(Error::Ended(earlier.clone())),
            Ok(gloo) => match self.exchange(gloo, call) {
                Ok(calls) if calls.iter().any(|other| !call.goes_with(other)) => {
                    self.monitor.end_operation();
                    return Err(mismatch(&calls));
                }
                Ok(calls) => match run(gloo, &calls) {
                    Ok(tensors) => {
                        self.monitor.end_operation();
                        return Ok(tensors);
                    }
                    // LibTorch's errors go on with a stack trace.
                    Err(problem) => problem.lines().next().unwrap_or_default().to_owned(),
                },
                Err(problem) => problem,
            },
        };
        // Closes the connections, so that the others see at once that the operation failed.
        self.connection = Err(String::new());
        let (waited, diagnosis) = (start.elapsed(), Box::new(self.monitor.diagnose(&problem)));
        let (rank, operation, number) = (self.rank, call.to_string(), self.number);
        let error = Error::Failed { rank, operation, number, waited, diagnosis };
        self.connection = Err(error.to_string());
        Err(error)
    }

    /// The calls of all ranks. No rank returns before all have called.
    fn exchange(&self, gloo: &Gloo, call: &Call) -> Result<Vec<Call>, String> {
        gloo.begin_operation();
        let calls = Tensor::zeros([self.world_size as i64, NUMBERS as i64], (Kind::Int64, tch::Device::Cpu));
        gloo.all_gather(&calls, &call.numbers())?;
        let numbers = Vec::<i64>::try_from(&calls.flatten(0, 1)).map_err(|e| e.to_string())?;
        let decode = |numbers| Call::from_numbers(numbers).ok_or_else(|| "a rank sent no call".to_owned());
        numbers.chunks_exact(NUMBERS).map(decode).collect()
    }
}

/// The calls, with the ranks that made them.
fn mismatch(calls: &[Call]) -> Error {
    let mut shown: Vec<(String, Vec<usize>)> = Vec::new();
    for (rank, call) in calls.iter().enumerate() {
        let call = call.to_string();
        match shown.iter_mut().find(|(known, _)| *known == call) {
            Some((_, ranks)) => ranks.push(rank),
            None => shown.push((call, vec![rank])),
        }
    }
    let calls = shown.iter().map(|(call, ranks)| format!("{} called {call}", crate::wording::ranks(ranks)));
    Error::Mismatch { calls: calls.collect() }
}
