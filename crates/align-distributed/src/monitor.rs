//! Signs of life: each rank writes into the store about once a second that it is alive and what it does. After a failure, this tells
//! which ranks have ended or are stopped, and which have not come to an operation. It costs the operations nothing.

use crate::diagnosis::Diagnosis;
use crate::store::Store;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The longest that signs of life are waited for.
const LONGEST_WATCH: Duration = Duration::from_secs(3);
/// The pause between questions whether the others have ended an operation.
const LEAVING_PAUSE: Duration = Duration::from_millis(20);
/// How long an orderly end may take.
const LEAVING: Duration = Duration::from_secs(1);

/// The times that follow from a group's time limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// How long an operation waits for another rank.
    pub(crate) operation: Duration,
    /// How long signs of life are waited for after a failure.
    watch: Duration,
    /// The time between two signs of life.
    beat: Duration,
}

impl Times {
    /// An operation and the search for the cause of its failure take no longer than the limit. The holder of the store stays for
    /// another watch, until the others know the cause.
    pub(crate) fn of_limit(limit: Duration) -> Self {
        let watch = (limit / 4).min(LONGEST_WATCH);
        Self { operation: limit - 2 * watch, watch, beat: watch / 4 }
    }
}

/// The operation that a rank came to last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) number: u64,
    pub(crate) operation: String,
    /// Whether the operation has ended.
    pub(crate) ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Running,
    /// An operation failed, and the rank looks for the cause.
    Failed,
    /// The rank has reported the cause.
    Reported,
    /// The group was dropped.
    Left,
}

/// What a rank writes.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Sign {
    beat: u64,
    state: State,
    place: Place,
}

/// The thread that writes signs of life.
pub(crate) struct Monitor {
    place: Arc<Mutex<Place>>,
    requests: Option<Sender<Request>>,
    ended: Receiver<()>,
    times: Times,
    holds_the_store: bool,
    description: String,
    /// Whether the thread waits for a store that does not answer.
    stuck: AtomicBool,
}

enum Request {
    /// A question for the cause of a failed operation.
    Diagnose { problem: String, reply: Sender<Diagnosis> },
    /// To wait until the other ranks have ended this rank's last operation.
    Leave { reply: Sender<()> },
}

impl Monitor {
    /// Writes the first sign of life and goes on in a thread. `store` is a connection for this thread alone. `description` says which
    /// store it is.
    pub(crate) fn start(
        store: Store,
        rank: usize,
        world_size: usize,
        holds_the_store: bool,
        times: Times,
        description: String,
    ) -> Result<Self, String> {
        let place = Arc::new(Mutex::new(Place::default()));
        let mut thread = Thread {
            store,
            rank,
            world_size,
            holds_the_store,
            times,
            place: place.clone(),
            beat: 0,
            state: State::Running,
            lost: description.clone(),
            first_error: None,
        };
        thread.publish()?;
        let (requests, incoming) = channel();
        let (end, ended) = channel();
        let run = move || {
            thread.run(&incoming);
            // Nobody waits any more if the end took too long.
            let _ = end.send(());
        };
        thread::Builder::new().name("signs of life".to_owned()).spawn(run).map_err(|e| e.to_string())?;
        let (requests, stuck) = (Some(requests), AtomicBool::new(false));
        Ok(Self { place, requests, ended, times, holds_the_store, description, stuck })
    }

    /// Notes that this rank comes to an operation.
    pub(crate) fn enter(&self, place: Place) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// Notes that this rank has ended the operation to which it came.
    pub(crate) fn end_operation(&self) {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
    }

    /// Waits until the other ranks have ended this rank's last operation too, or failed. Connections that are closed before lose what they
    /// have not handed over.
    pub(crate) fn leave(&self) {
        let (reply, left) = channel();
        if let Some(requests) = &self.requests
            && requests.send(Request::Leave { reply }).is_ok()
        {
            // If the store does not answer, nothing is lost: an operation cannot have succeeded long after.
            let _ = left.recv_timeout(self.times.watch + self.times.beat);
        }
    }

    /// Finds out why an operation failed. The connections of this rank must be closed, so that the others notice too.
    pub(crate) fn diagnose(&self, problem: &str) -> Diagnosis {
        let (reply, diagnosis) = channel();
        let asked = self
            .requests
            .as_ref()
            .map(|requests| requests.send(Request::Diagnose { problem: problem.to_owned(), reply }));
        let watches = if self.holds_the_store { 2 } else { 1 };
        let limit = self.times.watch * watches + self.times.beat * 2;
        if let (Some(Ok(())), Ok(diagnosis)) = (asked, diagnosis.recv_timeout(limit)) {
            return diagnosis;
        }
        self.stuck.store(true, Ordering::Relaxed);
        let store_lost = Some(self.description.clone());
        Diagnosis { store_lost, problem: problem.to_owned(), watched: limit, ..Diagnosis::default() }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.requests = None;
        if !self.stuck.load(Ordering::Relaxed) {
            // If the store does not answer, the thread is left to itself.
            let _ = self.ended.recv_timeout(LEAVING);
        }
    }
}

struct Thread {
    store: Store,
    rank: usize,
    world_size: usize,
    holds_the_store: bool,
    times: Times,
    place: Arc<Mutex<Place>>,
    beat: u64,
    state: State,
    lost: String,
    /// The first error of any rank.
    first_error: Option<String>,
}

impl Thread {
    fn run(&mut self, requests: &Receiver<Request>) {
        loop {
            match requests.recv_timeout(self.times.beat) {
                Ok(Request::Leave { reply }) => {
                    // Without the store, the others' signs are not known.
                    let _ = self.leave();
                    let _ = reply.send(());
                }
                Ok(Request::Diagnose { problem, reply }) => {
                    let diagnosis = self.diagnose(problem);
                    // The caller gives up if this took too long.
                    let _ = reply.send(diagnosis);
                }
                Err(RecvTimeoutError::Timeout) => {
                    // A store that is gone matters only when an operation fails.
                    if self.publish().is_ok() {
                        let _ = self.read_first_error();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    if self.state == State::Running {
                        self.state = State::Left;
                    }
                    // The others find out that this rank has ended.
                    let _ = self.publish();
                    return;
                }
            }
        }
    }

    /// Waits until all other ranks have ended this rank's last operation, or left too.
    fn leave(&mut self) -> Result<(), String> {
        self.state = State::Left;
        self.publish()?;
        let own = self.place.lock().unwrap_or_else(PoisonError::into_inner).number;
        let has_ended = |sign: &Sign| {
            let Place { number, ended, .. } = sign.place;
            sign.state != State::Running || number > own || (number == own && ended)
        };
        self.watch_until(LEAVING_PAUSE.min(self.times.beat), has_ended)?;
        Ok(())
    }

    fn publish(&mut self) -> Result<(), String> {
        self.beat += 1;
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sign = Sign { beat: self.beat, state: self.state, place };
        let sign = serde_json::to_string(&sign).map_err(|e| e.to_string())?;
        self.store.set(&format!("sign/{}", self.rank), &sign)
    }

    fn read_first_error(&mut self) -> Result<(), String> {
        if self.first_error.is_none() && self.store.has("error")? {
            self.first_error = Some(self.store.get("error")?);
        }
        Ok(())
    }

    /// The last signs of the other ranks.
    fn signs(&self) -> Result<Vec<(usize, Sign)>, String> {
        let others = (0..self.world_size).filter(|other| *other != self.rank);
        others
            .map(|other| {
                let sign = self.store.get(&format!("sign/{other}"))?;
                Ok((other, serde_json::from_str(&sign).map_err(|e| format!("{sign:?}: {e}"))?))
            })
            .collect()
    }

    fn diagnose(&mut self, problem: String) -> Diagnosis {
        self.state = State::Failed;
        let mut diagnosis = Diagnosis { problem, ..Diagnosis::default() };
        let known = self.first_error.clone();
        if self.watch_others(&mut diagnosis).is_err() {
            diagnosis.store_lost = Some(self.lost.clone());
            diagnosis.reported = known.or(self.first_error.take());
        }
        diagnosis
    }

    /// Watches the other ranks, and compares their last signs of life with the first ones.
    fn watch_others(&mut self, diagnosis: &mut Diagnosis) -> Result<(), String> {
        self.publish()?;
        let first = self.signs()?;
        let start = Instant::now();
        let last = self.watch_until(self.times.beat, |_| false)?;
        diagnosis.watched = start.elapsed();
        let own = self.place.lock().unwrap_or_else(PoisonError::into_inner).number;
        for ((rank, before), (_, now)) in first.iter().zip(&last) {
            match now.state {
                State::Failed | State::Reported => {}
                State::Left if now.place.number < own => diagnosis.left.push(*rank),
                State::Left => {}
                State::Running if now.beat == before.beat => diagnosis.silent.push(*rank),
                State::Running if now.place.number < own => diagnosis.late.push((*rank, last_operation(&now.place))),
                State::Running => {}
            }
        }
        let found_cause = !(diagnosis.silent.is_empty() && diagnosis.left.is_empty() && diagnosis.late.is_empty());
        let report = format!("{diagnosis} (found by rank {})", self.rank);
        let first_error = self.store.set_once("error", &report)?;
        if !found_cause && first_error != report {
            diagnosis.reported = Some(first_error);
        }
        self.state = State::Reported;
        self.publish()?;
        if self.holds_the_store {
            // The others still need the store.
            self.watch_until(self.times.beat, |sign| matches!(sign.state, State::Reported | State::Left))?;
        }
        Ok(())
    }

    /// Reads the signs of the other ranks again and again, until all are finished or the time is over.
    fn watch_until(&mut self, pause: Duration, finished: impl Fn(&Sign) -> bool) -> Result<Vec<(usize, Sign)>, String> {
        let start = Instant::now();
        loop {
            let signs = self.signs()?;
            if start.elapsed() >= self.times.watch || signs.iter().all(|(_, sign)| finished(sign)) {
                return Ok(signs);
            }
            thread::sleep(pause.min(self.times.watch.saturating_sub(start.elapsed())));
            self.publish()?;
        }
    }
}

fn last_operation(place: &Place) -> String {
    if place.number == 0 {
        return "it has come to none".to_owned();
    }
    format!("its last one was operation {}, {}", place.number, place.operation)
}
