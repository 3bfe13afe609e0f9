//! Which process of how many this is, as its launcher says.

mod error;
mod launchers;
mod slurm;
#[cfg(test)]
mod tests;
mod variables;

pub use error::LaunchError;

use launchers::Launcher;
use variables::Variables;

/// The port of the store if MASTER_PORT is not set; PyTorch's default.
const DEFAULT_PORT: usize = 29500;

/// One process among those that a launcher started, and where it meets the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// This process's number, from 0.
    pub rank: usize,
    /// The number of processes.
    pub world_size: usize,
    /// This process's number among those of its machine, for the choice of a GPU.
    pub local_rank: usize,
    /// A name or an address of the machine with the store: that of rank 0 (MASTER_ADDR).
    pub host: String,
    /// The store's port (MASTER_PORT).
    pub port: u16,
    /// Which process holds the store.
    pub store: StoreHolder,
    /// How often the launcher has started the processes again after a failure, as `torchrun --max-restarts` does.
    pub restarts: usize,
    /// The network interface for connections between the processes (GLOO_SOCKET_IFNAME). Otherwise it is the one that leads to `host`.
    pub interface: Option<String>,
}

/// The process that holds the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreHolder {
    /// Rank 0.
    Rank0,
    /// The launcher. Its store outlives the processes that it starts again.
    Launcher,
}

impl Launch {
    /// A process of a launch by hand, with the store in rank 0. Its local rank is its rank.
    #[must_use]
    pub fn new(rank: usize, world_size: usize, host: &str, port: u16) -> Self {
        let (host, interface, store) = (host.to_owned(), None, StoreHolder::Rank0);
        Self { rank, world_size, local_rank: rank, host, port, store, restarts: 0, interface }
    }

    /// A program that was started without a launcher: one process.
    #[must_use]
    pub fn single() -> Self {
        Self::new(0, 1, "127.0.0.1", DEFAULT_PORT as u16)
    }

    /// Reads the variables of torchrun (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT, TORCHELASTIC_USE_AGENT_STORE), Open MPI
    /// (`OMPI_COMM_WORLD_RANK` …), MPICH (PMI_RANK …) or SLURM's srun (SLURM_PROCID …). Without any of them, the program is one process.
    ///
    /// MASTER_ADDR is the loopback address if it is not set and all processes are on this machine, and with srun the first node.
    ///
    /// # Errors
    /// Variables are incomplete, malformed, or contradict each other.
    pub fn from_environment() -> Result<Self, LaunchError> {
        Self::from_variables(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// As [`Launch::from_environment`], with the variables that `lookup` returns.
    ///
    /// # Errors
    /// Variables are incomplete, malformed, or contradict each other.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, LaunchError> {
        let variables = Variables { lookup: &lookup };
        let (rank_name, size_name, launch) = if variables.is_set("RANK") {
            ("RANK", "WORLD_SIZE", Self::from_torchrun(&variables)?)
        } else if let Some(launcher) = Launcher::present(&variables).next() {
            (launcher.rank, launcher.size, Self::from_launcher(&variables, launcher)?)
        } else {
            for given in ["WORLD_SIZE", "LOCAL_RANK"] {
                if variables.is_set(given) {
                    return Err(LaunchError::Missing { name: "RANK", given });
                }
            }
            return Ok(Self::single());
        };
        let check = |name, value: usize, holds, expected: String| {
            if holds { Ok(()) } else { Err(LaunchError::OutOfRange { name, value, expected }) }
        };
        let Self { rank, world_size, local_rank, .. } = launch;
        let most = i32::MAX as usize;
        check(size_name, world_size, (1..=most).contains(&world_size), format!("a number from 1 to {most}"))?;
        check(rank_name, rank, rank < world_size, format!("less than {size_name}, which is {world_size}"))?;
        let expected = format!("less than {size_name}, which is {world_size}");
        check("LOCAL_RANK", local_rank, local_rank < world_size, expected)?;
        Ok(launch)
    }

    /// Whether the store is in this process.
    pub(crate) fn holds_the_store(&self) -> bool {
        self.rank == 0 && self.store == StoreHolder::Rank0
    }

    fn from_torchrun(variables: &Variables) -> Result<Self, LaunchError> {
        let rank = variables.number_with("RANK", "RANK")?;
        let world_size = variables.number_with("WORLD_SIZE", "RANK")?;
        if !variables.is_set("TORCHELASTIC_RUN_ID") {
            // Set by hand, so another launcher that counts the same processes must agree.
            for launcher in Launcher::present(variables) {
                let (other, size) = launcher.rank_and_size(variables)?;
                if size == world_size && other != rank {
                    let (first, second) = (format!("RANK={rank}"), format!("{}={other}", launcher.rank));
                    return Err(LaunchError::Contradiction { first, second });
                }
            }
        }
        let local_size = variables.number("LOCAL_WORLD_SIZE")?;
        let several_machines = local_size.is_some_and(|local_size| local_size < world_size);
        let host = match variables.text("MASTER_ADDR") {
            None if several_machines => return Err(LaunchError::Missing { name: "MASTER_ADDR", given: "RANK" }),
            host => host,
        };
        let local_rank = match variables.number("LOCAL_RANK")? {
            None if several_machines => return Err(LaunchError::Missing { name: "LOCAL_RANK", given: "RANK" }),
            None if host.as_deref().is_some_and(|host| !is_loopback(host)) && world_size > 1 => {
                return Err(LaunchError::Missing { name: "LOCAL_RANK", given: "MASTER_ADDR" });
            }
            local_rank => local_rank.unwrap_or(rank),
        };
        let store = match variables.flag("TORCHELASTIC_USE_AGENT_STORE")? {
            Some(true) => StoreHolder::Launcher,
            _ => StoreHolder::Rank0,
        };
        let restarts = variables.number("TORCHELASTIC_RESTART_COUNT")?.unwrap_or(0);
        let host = host.unwrap_or_else(|| "127.0.0.1".to_owned());
        Self::at(variables, Self { rank, world_size, local_rank, host, port: 0, store, restarts, interface: None })
    }

    fn from_launcher(variables: &Variables, launcher: &Launcher) -> Result<Self, LaunchError> {
        let (rank, world_size) = launcher.rank_and_size(variables)?;
        if let Some(other) = variables.number("WORLD_SIZE")?.filter(|other| *other != world_size) {
            let (first, second) = (format!("WORLD_SIZE={other}"), format!("{}={world_size}", launcher.size));
            return Err(LaunchError::Contradiction { first, second });
        }
        let local_rank = launcher.local_rank(variables, rank, world_size)?;
        let host = match variables.text("MASTER_ADDR") {
            Some(host) => host,
            None => launcher.master(variables, world_size)?,
        };
        let store = StoreHolder::Rank0;
        Self::at(variables, Self { rank, world_size, local_rank, host, port: 0, store, restarts: 0, interface: None })
    }

    /// Adds the port and the interface.
    fn at(variables: &Variables, launch: Self) -> Result<Self, LaunchError> {
        let name = "MASTER_PORT";
        let value = variables.number(name)?.unwrap_or(DEFAULT_PORT);
        let port = u16::try_from(value).ok().filter(|port| *port > 0);
        let expected = || "a port from 1 to 65535".to_owned();
        let port = port.ok_or_else(|| LaunchError::OutOfRange { name, value, expected: expected() })?;
        Ok(Self { port, interface: variables.text("GLOO_SOCKET_IFNAME"), ..launch })
    }
}

/// Whether a host is this machine, by its name or address alone.
fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
