use super::MlflowSettings;
use super::client::{Client, Failure};
use super::names::{name, parameter_value};
use super::queue::{Metric, Queue};
use super::run_start::{End, RunStart, now_ms};
use super::server_run::{MAX_METRICS, MAX_PARAMETERS, ServerRun};
use align_base::counted;
use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What was not sent to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSent {
    /// The address of the server.
    pub tracking_uri: String,
    /// Values of metrics.
    pub metrics: usize,
    /// Parameters.
    pub parameters: usize,
    /// The last failure.
    pub reason: String,
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tracking_uri, metrics, parameters, reason } = self;
        let (metrics, parameters) = (counted(*metrics, "value"), counted(*parameters, "parameter"));
        write!(f, "MLflow at {tracking_uri} did not get {metrics} of metrics and {parameters}: {reason}")
    }
}

/// A run whose parameters and metrics are sent to a server by a thread. If it is dropped, the run has failed.
#[derive(Debug)]
pub struct MlflowRun {
    messages: Sender<Message>,
    thread: Option<JoinHandle<Option<NotSent>>>,
}

#[derive(Debug)]
enum Message {
    Metrics(Vec<Metric>),
    End(End, Duration),
}

/// The first wait after a failure. It doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The time for what is left at the end of a run.
const END_TIME: Duration = Duration::from_secs(10);

impl MlflowRun {
    /// Starts to send. Does not wait for the server.
    ///
    /// # Errors
    /// A thread that cannot be started.
    pub fn start(settings: MlflowSettings, start: RunStart) -> std::io::Result<Self> {
        let (messages, received) = channel();
        let thread = std::thread::Builder::new().name("mlflow".to_owned());
        let thread = thread.spawn(move || Worker::new(settings, start).run(&received))?;
        Ok(Self { messages, thread: Some(thread) })
    }

    /// Sends metrics of a step, later and by another thread.
    pub fn log<'a>(&self, step: u64, metrics: impl IntoIterator<Item = (&'a str, f64)>) {
        let time_ms = now_ms();
        let metric = |(key, value)| Metric { name: name(key), value, step, time_ms };
        // The thread ends only after the end was sent.
        drop(self.messages.send(Message::Metrics(metrics.into_iter().map(metric).collect())));
    }

    /// Says how the run ended, and waits until everything is sent, at most ten seconds. Returns what was not sent.
    #[must_use]
    pub fn finish(mut self, end: End) -> Option<NotSent> {
        self.end(end)
    }

    fn end(&mut self, end: End) -> Option<NotSent> {
        let thread = self.thread.take()?;
        drop(self.messages.send(Message::End(end, END_TIME)));
        thread.join().ok().flatten()
    }
}

impl Drop for MlflowRun {
    fn drop(&mut self) {
        if let Some(not_sent) = self.end(End::Failed) {
            tracing::warn!("{not_sent}");
        }
    }
}

/// The thread that sends.
struct Worker {
    client: Client,
    start: RunStart,
    run: Option<ServerRun>,
    queue: Queue,
    /// The last failure, and whether a warning was given.
    problem: Option<String>,
    warned: bool,
    wait: Duration,
    /// When to try again after a failure.
    retry: Option<Instant>,
}

impl Worker {
    fn new(settings: MlflowSettings, start: RunStart) -> Self {
        let parameters = start.parameters.iter().map(|(key, value)| (name(key), parameter_value(value)));
        let queue = Queue { parameters: parameters.collect(), ..Queue::default() };
        let client = Client::new(settings);
        Self { client, start, run: None, queue, problem: None, warned: false, wait: FIRST_WAIT, retry: None }
    }

    /// Sends what is received until the end of the run. Returns what was not sent.
    fn run(mut self, received: &Receiver<Message>) -> Option<NotSent> {
        loop {
            self.send_if_due();
            let message = match self.retry {
                Some(retry) => received.recv_timeout(retry.saturating_duration_since(Instant::now())),
                None => received.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Metrics(metrics)) => self.queue.add(metrics),
                Ok(Message::End(end, time)) => return self.end(end, Instant::now() + time),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.end(End::Failed, Instant::now() + END_TIME),
            }
            // What has come meanwhile is sent together.
            while let Ok(message) = received.try_recv() {
                match message {
                    Message::Metrics(metrics) => self.queue.add(metrics),
                    Message::End(end, time) => return self.end(end, Instant::now() + time),
                }
            }
        }
    }

    fn send_if_due(&mut self) {
        if self.retry.is_some_and(|retry| Instant::now() < retry) {
            return;
        }
        match self.send() {
            Ok(()) => (self.retry, self.wait) = (None, FIRST_WAIT),
            Err(failure) => self.note(&failure),
        }
    }

    /// Sends all that is in the queue.
    fn send(&mut self) -> Result<(), Failure> {
        if self.run.is_none() {
            self.run = Some(ServerRun::open(&self.client, &self.start)?);
        }
        let Some(run) = &self.run else { return Ok(()) };
        while !self.queue.is_empty() {
            let known = self.queue.metrics.iter().take_while(|metric| run.has(metric)).count();
            self.queue.metrics.drain(..known);
            let parameters = self.queue.parameters.len().min(MAX_PARAMETERS);
            let metrics = self.queue.metrics.len().min(MAX_METRICS - parameters);
            let (sent_parameters, sent_metrics) = (
                self.queue.parameters.iter().take(parameters).cloned().collect::<Vec<_>>(),
                self.queue.metrics.iter().take(metrics).filter(|metric| !run.has(metric)).cloned().collect::<Vec<_>>(),
            );
            run.log_batch(&self.client, &sent_parameters, &sent_metrics)?;
            self.queue.parameters.drain(..parameters);
            self.queue.metrics.drain(..metrics);
        }
        Ok(())
    }

    /// Sends the rest and the end of the run, until a failure after `deadline`; once if the server could not be reached before.
    fn end(mut self, end: End, deadline: Instant) -> Option<NotSent> {
        let was_down = self.retry.is_some();
        loop {
            let sent = self.send().and_then(|()| match &self.run {
                Some(run) => run.end(&self.client, end, now_ms()),
                None => Ok(()),
            });
            match sent {
                Ok(()) => break,
                Err(failure) => self.note(&failure),
            }
            if was_down || Instant::now() + FIRST_WAIT > deadline {
                break;
            }
            std::thread::sleep(FIRST_WAIT);
        }
        let (metrics, parameters) = (self.queue.metrics.len() + self.queue.dropped, self.queue.parameters.len());
        let reason = self.problem.filter(|_| metrics + parameters > 0)?;
        let tracking_uri = self.client.settings().tracking_uri().to_owned();
        Some(NotSent { tracking_uri, metrics, parameters, reason })
    }

    /// Keeps the reason of a failure and when to try again, and warns at the first one.
    fn note(&mut self, failure: &Failure) {
        if !self.warned {
            let (uri, reason) = (self.client.settings().tracking_uri(), &failure.reason);
            tracing::warn!("MLflow at {uri}: {reason}. The run goes on; what is not sent is tried again");
            self.warned = true;
        }
        self.problem = Some(failure.reason.clone());
        self.retry = Some(Instant::now() + self.wait);
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
    }
}
