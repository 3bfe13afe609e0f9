use crate::diagnosis::Diagnosis;
use crate::launch::LaunchError;
use crate::wording::{ranks, seconds};
use std::time::Duration;

/// Why processes cannot work together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The environment describes no launch.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The store's port is taken.
    #[error(
        "rank 0 cannot listen on {address}: another program uses this port. Set MASTER_PORT to a free port, for all ranks"
    )]
    PortInUse {
        /// The address and port of the store.
        address: String,
    },
    /// Rank 0 does not run on the machine that MASTER_ADDR names.
    #[error(
        "rank 0 cannot listen on {address}, which is not an address of this machine. Set MASTER_ADDR to the address of rank 0's machine, \
         for all ranks"
    )]
    NotHere {
        /// The address and port of the store.
        address: String,
    },
    /// Rank 0 cannot listen for another reason.
    #[error("rank 0 cannot listen on {address}: {source}")]
    Listen {
        /// The address and port of the store.
        address: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The host of MASTER_ADDR has no address.
    #[error("rank {rank} cannot find the host {host:?} of MASTER_ADDR: {problem}")]
    UnknownHost {
        /// This process.
        rank: usize,
        /// The name.
        host: String,
        /// The cause.
        problem: String,
    },
    /// Nothing answers at the store's address.
    #[error(
        "rank {rank} tried for {} to connect to the store at {address}: {problem}. Check that rank 0 is running, and that MASTER_ADDR and \
         MASTER_PORT are its address and port, for all ranks",
        seconds(*waited)
    )]
    Unreachable {
        /// This process.
        rank: usize,
        /// The address and port of the store.
        address: String,
        /// How long it tried.
        waited: Duration,
        /// The cause.
        problem: String,
    },
    /// Something else answers at the store's address.
    #[error(
        "rank {rank} is connected to {address}, but no store answers there: {problem}. Check that MASTER_PORT is the port of rank 0, and \
         not that of another program"
    )]
    NoStore {
        /// This process.
        rank: usize,
        /// The address and port.
        address: String,
        /// The cause.
        problem: String,
    },
    /// Fewer processes came than the world size.
    #[error(
        "rank {rank} waited {} for all {world_size} ranks to start, but {} did not. Start {world_size} processes with the same MASTER_ADDR \
         and MASTER_PORT, or set the world size to the number of processes",
        seconds(*waited),
        ranks(missing)
    )]
    Missing {
        /// This process.
        rank: usize,
        /// The number of processes.
        world_size: usize,
        /// The ranks that did not start.
        missing: Vec<usize>,
        /// How long this process waited.
        waited: Duration,
    },
    /// The processes were started in ways that do not go together, such as two with the same rank, or another rank has given up.
    #[error("{0}")]
    Reported(String),
    /// The processes found each other but could not connect to each other.
    #[error("rank {rank} could not connect to the other ranks within {}: {problem}", seconds(*waited))]
    Connect {
        /// This process.
        rank: usize,
        /// How long it tried.
        waited: Duration,
        /// The cause.
        problem: String,
    },
    /// The ranks called different operations, or the same one with tensors that do not go together. Each rank gets this error.
    #[error("the ranks called different operations: {}", calls.join("; "))]
    Mismatch {
        /// What the ranks called.
        calls: Vec<String>,
    },
    /// An operation failed, because of another process or the network.
    #[error("rank {rank} waited {} in operation {number} ({operation}): {diagnosis}", seconds(*waited))]
    Failed {
        /// This process.
        rank: usize,
        /// The operation.
        operation: String,
        /// The number of the operation in its group, from 1.
        number: u64,
        /// How long this process waited.
        waited: Duration,
        /// What the other processes were doing.
        diagnosis: Box<Diagnosis>,
    },
    /// The group cannot be used any more, because an operation failed.
    #[error("the process group was ended by an earlier error: {0}")]
    Ended(String),
    /// An argument that no rank could use.
    #[error("{operation}: {problem}")]
    Argument {
        /// The operation.
        operation: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A value cannot be written as JSON, or not read.
    #[error("all_gather_objects: {problem}")]
    Object {
        /// What is wrong.
        problem: String,
    },
    /// A problem of another process, which has its own error for it.
    #[error("rank {rank}: {problem}")]
    OtherProcess {
        /// The number of that process.
        rank: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A thread or a local process could not be started, or waited for.
    #[error("{action}: {source}")]
    System {
        /// What was tried.
        action: String,
        /// The cause.
        source: std::io::Error,
    },
    /// An error of LibTorch that has nothing to do with other processes.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
}

impl Error {
    /// Whether another process failed, which reports its error itself.
    #[must_use]
    pub fn is_of_other_process(&self) -> bool {
        matches!(self, Self::OtherProcess { .. })
    }
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
