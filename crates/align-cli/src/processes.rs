//! Several processes that share the work of a command: those that a launcher started, or that `--nproc-per-node` starts.

use crate::usage::UsageError;
use crate::{Failure, log, output, signals};
use align_distributed::{End, GroupOptions, Launch, LocalLauncher, OutputLine, ProcessGroup, RankFailure, Stream};
use align_train::RunFolder;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// How many processes share the work, and how long they wait for one another.
#[derive(Debug, Clone, clap::Args, serde::Serialize)]
pub struct ProcessOptions {
    /// Start this many processes on this machine, which share the work and the processors. torchrun, mpirun and srun start them on several
    /// machines. A run that torchrun starts again after a failure continues from its newest checkpoint.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    #[serde(skip)]
    nproc_per_node: Option<u16>,
    /// Seconds that a process waits for the others before it ends with an error that says which did not come. Ranks may be apart by this
    /// time, such as when rank 0 writes a checkpoint, or when a rank trains a point of a sweep [default: 600, of a sweep 86400].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    #[serde(skip)]
    ddp_timeout: Option<u64>,
}

/// The defaults of `--ddp-timeout`, in seconds. A process that ends is noticed at once in either case.
const TIMEOUT: u64 = 600;
const SWEEP_TIMEOUT: u64 = 86400;

/// Marks the processes that `--nproc-per-node` has started.
const STARTED: &str = "ALIGN_STARTED_PROCESSES";

/// The place of this process among those of its launcher.
static LAUNCH: OnceLock<Launch> = OnceLock::new();

/// Finds out whether a launcher has started this process as one of several.
pub fn read_launch() -> Result<(), Failure> {
    LAUNCH.set(Launch::from_environment()?).ok();
    Ok(())
}

fn launch() -> Launch {
    LAUNCH.get().cloned().unwrap_or_else(Launch::single)
}

/// The number of processes that `--nproc-per-node` has started, if it has started this one.
pub fn started() -> Option<usize> {
    std::env::var_os(STARTED).map(|_| world_size())
}

/// This process's number, from 0. Only rank 0 prints and writes.
pub fn rank() -> usize {
    launch().rank
}

/// Whether the launcher has started the processes again after a failure.
pub fn is_restart() -> bool {
    launch().restarts > 0
}

/// This process's number among those of its machine, from 0.
pub fn local_rank() -> usize {
    launch().local_rank
}

/// The number of processes.
pub fn world_size() -> usize {
    launch().world_size
}

/// Whether this process is one of several.
pub fn are_several() -> bool {
    world_size() > 1
}

impl ProcessOptions {
    /// Connects to the other processes of the launch. A process by itself needs no connection.
    pub fn connect(&self) -> Result<ProcessGroup, Failure> {
        self.connect_for(TIMEOUT)
    }

    /// Like [`connect`](Self::connect), for a sweep, in which a process may wait while another trains.
    pub fn connect_for_sweep(&self) -> Result<ProcessGroup, Failure> {
        self.connect_for(SWEEP_TIMEOUT)
    }

    fn connect_for(&self, default_timeout: u64) -> Result<ProcessGroup, Failure> {
        let timeout = Duration::from_secs(self.ddp_timeout.unwrap_or(default_timeout));
        let start_timeout = self.ddp_timeout.map_or(GroupOptions::default().start_timeout, |_| timeout);
        Ok(ProcessGroup::connect(&launch(), GroupOptions { timeout, start_timeout })?)
    }

    /// Rejects options on processes for a command that runs in one.
    pub fn refuse(&self) -> Result<(), Failure> {
        let given = [
            ("--nproc-per-node", self.nproc_per_node.is_some_and(|count| count > 1)),
            ("--ddp-timeout", self.ddp_timeout.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((option, _)) => {
                Err(UsageError::new(format!("{option}: this command runs in one process: leave it out")).into())
            }
            None => Ok(()),
        }
    }

    /// Starts the processes of `--nproc-per-node`, which write a training run in the folder `run`, and waits until they have ended. Returns
    /// whether there were any.
    pub fn run_processes(&self, run: Option<&Path>) -> Result<bool, Failure> {
        let Some(count) = self.nproc_per_node.filter(|_| std::env::var_os(STARTED).is_none()) else { return Ok(false) };
        let Launch { rank, world_size, .. } = launch();
        if world_size > 1 {
            let problem = format!(
                "--nproc-per-node starts processes, but a launcher has started this one already, as rank {rank} of {world_size}: leave it out"
            );
            return Err(UsageError::new(problem).into());
        }
        if count == 1 {
            return Ok(false);
        }
        let program = std::env::current_exe()?;
        let launcher = LocalLauncher::new(program, count.into()).args(std::env::args_os().skip(1));
        let processes = launcher.env(STARTED, count.to_string()).start(print)?;
        signals::forward(processes.forward());
        match processes.wait() {
            Ok(()) => Ok(true),
            Err(failure) => {
                let has_run = run.is_some_and(|run| run.join(RunFolder::METRICS).exists());
                let hint = if has_run { RESUME_HINT } else { "" };
                Err(ProcessFailure { failure, hint }.into())
            }
        }
    }
}

/// Rejects a launch of several processes for a command that runs in one.
pub fn refuse_processes() -> Result<(), Failure> {
    match launch().world_size {
        1 => Ok(()),
        several => {
            let problem = format!(
                "this command runs in one process, but a launcher has started {several}: run it without the launcher"
            );
            Err(UsageError::new(problem).into())
        }
    }
}

/// Whether an error is that of another process, which prints it.
pub fn is_of_other_process(failure: &Failure) -> bool {
    let inference = match failure.downcast_ref() {
        Some(align_inference::Error::Distributed(problem)) => Some(problem),
        _ => None,
    };
    let training = match failure.downcast_ref() {
        Some(align_train::Error::Distributed(problem)) => Some(problem),
        _ => None,
    };
    let sweep = match failure.downcast_ref() {
        Some(align_frontier::Error::Distributed(problem)) => Some(problem),
        _ => None,
    };
    let found = failure.downcast_ref().or(inference).or(training).or(sweep);
    found.is_some_and(align_distributed::Error::is_of_other_process)
}

/// What to do after a failure of another process.
pub const RESUME_HINT: &str = ". Continue from the newest checkpoint, or from the start, with --resume";

/// Prints a line of a process: rank 0's as it is, and that of another rank with its number. Only the rank that writes an error first may
/// write more to standard error: the others end because of the same problem.
fn print(line: &OutputLine) {
    static FAILED: OnceLock<usize> = OnceLock::new();
    let is_error = line.stream == Stream::Error;
    if is_error && log::is_error(&line.text) {
        FAILED.set(line.rank).ok();
    }
    if is_error && FAILED.get().is_some_and(|failed| *failed != line.rank) {
        return;
    }
    let text = if line.rank == 0 { line.text.clone() } else { line.to_string() };
    match is_error {
        true => log::line(&text),
        false => output::println!("{text}"),
    }
}

/// A process failed. If it ended by itself, it has printed why.
#[derive(Debug, thiserror::Error)]
#[error("{failure}: the other processes were ended{hint}")]
pub struct ProcessFailure {
    failure: RankFailure,
    hint: &'static str,
}

impl ProcessFailure {
    /// The exit code with which the process ended by itself.
    pub fn exit_code(&self) -> Option<u8> {
        match self.failure.end {
            End::Code(code) => Some(u8::try_from(code).unwrap_or(1)),
            End::Signal(_) => None,
        }
    }
}
