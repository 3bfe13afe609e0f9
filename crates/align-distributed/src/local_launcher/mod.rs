mod output;
mod processes;

pub use output::{OutputLine, Stream};
pub use processes::{End, LocalProcesses, RankFailure};

use crate::error::{Error, Result};
use crate::rendezvous::listen;
use crate::store::Store;
use nix::sys::signal::{SigSet, Signal};
use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

/// How long the launcher's store waits for its own connection.
const STORE_LIMIT: Duration = Duration::from_secs(30);

/// Starts a program as several processes on this machine, with torchrun's variables: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE,
/// MASTER_ADDR, MASTER_PORT and TORCHELASTIC_USE_AGENT_STORE. The store is in the launcher, on a free port of the loopback address.
///
/// The processors are shared out by OMP_NUM_THREADS, unless that is set. The processes are terminated when the thread that started them
/// ends.
///
/// ```no_run
/// use align_distributed::LocalLauncher;
///
/// let processes = LocalLauncher::new("align", 2).args(["dpo", "config.toml"]).start(|line| println!("{line}"))?;
/// if let Err(failure) = processes.wait() {
///     eprintln!("{failure}");
/// }
/// # Ok::<(), align_distributed::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LocalLauncher {
    program: OsString,
    processes: usize,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    grace: Duration,
}

impl LocalLauncher {
    /// A launcher of `processes` processes of a program.
    pub fn new(program: impl AsRef<OsStr>, processes: usize) -> Self {
        let program = program.as_ref().to_owned();
        Self { program, processes, arguments: Vec::new(), variables: Vec::new(), grace: Duration::from_secs(30) }
    }

    /// Adds arguments of the program.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable of the processes.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// How long processes may take to end after SIGTERM, before SIGKILL. The default is 30 s.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Starts the processes. `on_line` gets each line that they write, from several threads.
    ///
    /// # Errors
    /// The number of processes is 0, or one cannot be started. Those that were started are ended then.
    pub fn start(&self, on_line: impl Fn(&OutputLine) + Send + Sync + 'static) -> Result<LocalProcesses> {
        if self.processes == 0 {
            let problem = "the number of processes is 0, expected at least 1".to_owned();
            return Err(Error::Argument { operation: "LocalLauncher", problem });
        }
        let listener = listen(&[SocketAddr::from((Ipv4Addr::LOCALHOST, 0))])?;
        let address = listener.local_addr().map_err(|source| self.failed(source))?;
        let store = Store::connect(address, Some(listener), STORE_LIMIT).map_err(|problem| Error::NoStore {
            rank: 0,
            address: address.to_string(),
            problem,
        })?;
        let (open, closed) = channel();
        let mut processes = LocalProcesses::new(store, self.grace, closed);
        let running = processes.running();
        let sink: output::Sink = Arc::new(move |line: &OutputLine| {
            if !running.is_consequence(line) {
                on_line(line);
            }
        });
        for rank in 0..self.processes {
            let mut child = self.command(rank, address).spawn().map_err(|source| self.failed(source))?;
            let (output, error) = (child.stdout.take(), child.stderr.take());
            processes.add(child);
            if let Some(output) = output {
                output::hand_on(output, rank, Stream::Output, sink.clone(), open.clone())
                    .map_err(|e| self.failed(e))?;
            }
            if let Some(error) = error {
                output::hand_on(error, rank, Stream::Error, sink.clone(), open.clone()).map_err(|e| self.failed(e))?;
            }
        }
        Ok(processes)
    }

    fn command(&self, rank: usize, store: SocketAddr) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (number, size) = (rank.to_string(), self.processes.to_string());
        command.env("RANK", &number).env("LOCAL_RANK", &number);
        command.env("WORLD_SIZE", &size).env("LOCAL_WORLD_SIZE", &size);
        command.env("MASTER_ADDR", store.ip().to_string()).env("MASTER_PORT", store.port().to_string());
        command.env("TORCHELASTIC_USE_AGENT_STORE", "True").env("TORCHELASTIC_RESTART_COUNT", "0");
        // Marks the variables as those of the innermost launcher.
        command.env("TORCHELASTIC_RUN_ID", "local").env_remove("GLOO_SOCKET_IFNAME");
        if self.processes > 1 && std::env::var_os("OMP_NUM_THREADS").is_none() {
            let processors = std::thread::available_parallelism().map_or(1, usize::from);
            command.env("OMP_NUM_THREADS", (processors / self.processes).max(1).to_string());
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        // In a process group of their own, they get Ctrl-C from the launcher alone, and only once.
        command.process_group(0);
        let launcher = nix::unistd::getpid();
        let set_up = move || {
            // The launcher may have blocked signals, and children inherit that.
            SigSet::empty().thread_set_mask()?;
            end_with(launcher)
        };
        // SAFETY: these are system calls, which may be made between fork and exec.
        unsafe { command.pre_exec(set_up) };
        command
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::System { action: format!("starting {}", self.program.display()), source }
    }
}

/// Makes this process end when its parent does.
#[cfg(target_os = "linux")]
fn end_with(parent: nix::unistd::Pid) -> std::io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)?;
    // The parent may have ended before.
    if nix::unistd::getppid() != parent {
        nix::sys::signal::raise(Signal::SIGTERM)?;
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn end_with(_: nix::unistd::Pid) -> std::io::Result<()> {
    Ok(())
}
