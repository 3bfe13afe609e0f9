mod agreement;
mod bytes;
mod gather;
mod reduce;
mod share;

pub use share::share_of;

use crate::call::{Call, MAX_DIMENSIONS, kind_name};
use crate::deadline::{Deadline, within};
use crate::error::{Error, Result};
use crate::gloo::Gloo;
use crate::launch::Launch;
use crate::monitor::{Monitor, Times};
use crate::rendezvous::{Meeting, not_entered};
use crate::worker::{Pending, Run, Worker};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tch::{Device, Kind, Tensor};

/// Time limits of a process group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupOptions {
    /// How long an operation waits for another rank, with the search for the cause if it does not join. Ranks may be apart by this time,
    /// such as when one of them writes a checkpoint. At least 0.4 s.
    pub timeout: Duration,
    /// How long a rank waits for the others to start.
    pub start_timeout: Duration,
}

impl Default for GroupOptions {
    /// Ten minutes for an operation, five for the start.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(600), start_timeout: Duration::from_secs(300) }
    }
}

/// The shortest time limit, which leaves time to look for the cause of a failure.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(400);

/// Processes that work together. Each calls the same operations in the same order.
///
/// Operations are on tensors in main memory. Before each, the ranks compare what they call, so that different operations, shapes or types
/// are an error on all of them. If a rank does not join an operation, the others get an error that names it. After such an error the group
/// cannot be used any more; end the process and resume from a checkpoint.
///
/// A group of one process needs no set-up, and its operations return at once.
///
/// ```
/// use align_distributed::{ProcessGroup, ReduceOp};
/// use tch::Tensor;
///
/// let group = ProcessGroup::single();
/// let mut gradient = Tensor::from_slice(&[1.0f32, 2.0]);
/// group.all_reduce(&mut gradient, ReduceOp::Mean)?;
/// assert_eq!(gradient, Tensor::from_slice(&[1.0f32, 2.0]));
/// # Ok::<(), align_distributed::Error>(())
/// ```
pub struct ProcessGroup {
    rank: usize,
    world_size: usize,
    /// `None` in a group of one process.
    members: Option<Members>,
}

struct Members {
    meeting: Arc<Meeting>,
    worker: Worker,
    options: GroupOptions,
}

impl ProcessGroup {
    /// A group of this process alone.
    #[must_use]
    pub fn single() -> Self {
        Self { rank: 0, world_size: 1, members: None }
    }

    /// Connects to all other processes of the launch.
    ///
    /// c10d has no encryption and no passwords: use it in trusted networks only. The store listens on the address of MASTER_ADDR and no
    /// other, and each process on its address in that network, which is the loopback address if all processes are on one machine.
    ///
    /// # Errors
    /// The store's port is in use, nothing answers there, a rank does not start in time, two processes have the same rank, or the time
    /// limit is too short.
    pub fn connect(launch: &Launch, options: GroupOptions) -> Result<Self> {
        if launch.world_size == 1 {
            return Ok(Self::single());
        }
        if options.timeout < SHORTEST_TIMEOUT {
            let problem = format!("the time limit is {:?}, expected at least {SHORTEST_TIMEOUT:?}", options.timeout);
            return Err(Error::Argument { operation: "connect", problem });
        }
        let deadline = Deadline::after(options.start_timeout);
        Self::form(Arc::new(Meeting::new(launch, deadline)?), "first", options, deadline)
    }

    /// Another group of the same processes, with its own connections: its operations do not wait for those of this group. All ranks
    /// call this, with the same name.
    ///
    /// # Errors
    /// The name was used before, or a rank does not join in time.
    pub fn another(&self, name: &str) -> Result<Self> {
        let Some(members) = &self.members else { return Ok(Self::single()) };
        members.meeting.take_name(name)?;
        let deadline = Deadline::after(members.options.start_timeout);
        Self::form(members.meeting.clone(), &format!("other/{name}"), members.options, deadline)
    }

    /// This process's number, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// The number of processes.
    #[must_use]
    pub fn world_size(&self) -> usize {
        self.world_size
    }

    /// Whether this process is the only one.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.members.is_none()
    }

    /// Waits until all ranks have come here.
    ///
    /// # Errors
    /// A rank calls another operation or does not join this one.
    pub fn barrier(&self) -> Result<()> {
        self.submit(Call::barrier(), Box::new(|_, _| Ok(Vec::new())))
            .map_or(Ok(()), |pending| pending.wait().map(|_| ()))
    }

    fn form(meeting: Arc<Meeting>, name: &str, options: GroupOptions, deadline: Deadline) -> Result<Self> {
        let &Launch { rank, world_size, .. } = &meeting.launch;
        let times = Times::of_limit(options.timeout);
        let listen = meeting.listen_address()?;
        let (own, prefix) = (meeting.clone(), format!("group/{name}"));
        let enter = move || {
            let store = own.store.on_own_connection()?.part(&prefix)?;
            store.add(&format!("entered/{rank}"), 1)?;
            let (signs, holds_the_store) = (store.on_own_connection()?, own.launch.holds_the_store());
            let monitor = Monitor::start(signs, rank, world_size, holds_the_store, times, own.description())?;
            let limit = deadline.left();
            match Gloo::connect(&store.part("gloo")?, rank, world_size, &listen, limit, times.operation) {
                Ok(gloo) => {
                    // No rank may use, and close, its connections before all have them.
                    let world_size = world_size as i64;
                    let one = Tensor::zeros([1], (Kind::Int64, Device::Cpu));
                    gloo.all_gather(&Tensor::zeros([world_size, 1], (Kind::Int64, Device::Cpu)), &one)?;
                    Ok((gloo, monitor))
                }
                Err(problem) => Err(not_entered(&store, world_size)?.unwrap_or(problem)),
            }
        };
        let no_answer = || Err(meeting.description());
        let formed = within(deadline.left() * 2 + Duration::from_secs(1), enter).unwrap_or_else(no_answer);
        let failed = |problem| Error::Connect { rank, waited: deadline.waited(), problem };
        let (gloo, monitor) = formed.map_err(failed)?;
        let worker = Worker::start(gloo, monitor, rank, world_size)?;
        Ok(Self { rank, world_size, members: Some(Members { meeting, worker, options }) })
    }

    /// Queues an operation, unless this process is the only one.
    fn submit(&self, call: Call, run: Run) -> Option<Pending> {
        self.members.as_ref().map(|members| members.worker.submit(call, run))
    }
}

impl fmt::Debug for ProcessGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessGroup(rank {} of {})", self.rank, self.world_size)
    }
}

/// An operation that goes on while this process does something else.
#[must_use = "the tensor has its values only after `wait`"]
pub struct Work(Option<Pending>);

impl Work {
    /// Waits until the operation has finished.
    ///
    /// # Errors
    /// A rank calls another operation or does not join this one.
    pub fn wait(self) -> Result<()> {
        self.0.map_or(Ok(()), |pending| pending.wait().map(|_| ()))
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Work(pending)" } else { "Work(done)" })
    }
}

/// Checks that a tensor can be sent.
fn check(operation: &'static str, tensor: &Tensor) -> Result<()> {
    let problem = if tensor.device() != Device::Cpu {
        format!("the tensor is on {:?}, expected one in main memory", tensor.device())
    } else if tensor.is_sparse() {
        "the tensor is sparse, expected a dense one".to_owned()
    } else if kind_name(tensor.kind()).is_none() {
        format!("values of the type {:?} cannot be sent", tensor.kind())
    } else if tensor.dim() > MAX_DIMENSIONS {
        format!("the tensor has {} dimensions, expected at most {MAX_DIMENSIONS}", tensor.dim())
    } else {
        return Ok(());
    };
    Err(Error::Argument { operation, problem })
}
