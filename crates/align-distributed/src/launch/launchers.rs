//! The variables by which launchers other than torchrun say which process this is.

use super::error::LaunchError;
use super::slurm::first_node;
use super::variables::Variables;

/// The variables of one launcher.
pub(super) struct Launcher {
    pub(super) rank: &'static str,
    pub(super) size: &'static str,
    /// The first one that is set counts.
    local_rank: &'static [&'static str],
    /// The number of processes on this machine.
    local_size: Option<&'static str>,
}

/// In the order of precedence: an MPI launcher within a SLURM job starts the processes, and SLURM's variables are then those of the
/// launcher. `srun` sets SLURM_STEP_NUM_TASKS. A batch script, which is one process, has SLURM_PROCID and SLURM_NTASKS but not this one.
const LAUNCHERS: [Launcher; 3] = [
    Launcher {
        rank: "OMPI_COMM_WORLD_RANK",
        size: "OMPI_COMM_WORLD_SIZE",
        local_rank: &["OMPI_COMM_WORLD_LOCAL_RANK"],
        local_size: Some("OMPI_COMM_WORLD_LOCAL_SIZE"),
    },
    Launcher {
        rank: "PMI_RANK",
        size: "PMI_SIZE",
        local_rank: &["MPI_LOCALRANKID", "SLURM_LOCALID"],
        local_size: Some("MPI_LOCALNRANKS"),
    },
    Launcher { rank: "SLURM_PROCID", size: "SLURM_STEP_NUM_TASKS", local_rank: &["SLURM_LOCALID"], local_size: None },
];

impl Launcher {
    /// The launchers whose variables are set.
    pub(super) fn present(variables: &Variables) -> impl Iterator<Item = &'static Self> {
        LAUNCHERS.iter().filter(|launcher| {
            let is_set =
                variables.is_set(launcher.size) || (launcher.rank != "SLURM_PROCID" && variables.is_set(launcher.rank));
            is_set && !launcher.is_of_srun(variables)
        })
    }

    /// Whether srun set these variables, as it does with `--mpi=pmi2`: they then equal SLURM's.
    fn is_of_srun(&self, variables: &Variables) -> bool {
        let same =
            |name, name_of_slurm| variables.is_set(name) && variables.text(name) == variables.text(name_of_slurm);
        self.rank == "PMI_RANK" && same(self.rank, "SLURM_PROCID") && same(self.size, "SLURM_STEP_NUM_TASKS")
    }

    pub(super) fn rank_and_size(&self, variables: &Variables) -> Result<(usize, usize), LaunchError> {
        let rank = variables.number_with(self.rank, self.size)?;
        Ok((rank, variables.number_with(self.size, self.rank)?))
    }

    /// The rank among the processes of this machine.
    pub(super) fn local_rank(
        &self,
        variables: &Variables,
        rank: usize,
        world_size: usize,
    ) -> Result<usize, LaunchError> {
        for name in self.local_rank {
            if let Some(local_rank) = variables.number(name)? {
                return Ok(local_rank);
            }
        }
        if self.is_local(variables, world_size)? {
            return Ok(rank);
        }
        let name = self.local_rank.first().copied().unwrap_or("LOCAL_RANK");
        Err(LaunchError::Missing { name, given: self.rank })
    }

    /// The host of rank 0, if MASTER_ADDR does not give it.
    pub(super) fn master(&self, variables: &Variables, world_size: usize) -> Result<String, LaunchError> {
        if self.is_local(variables, world_size)? {
            return Ok("127.0.0.1".to_owned());
        }
        let nodes = ["SLURM_STEP_NODELIST", "SLURM_NODELIST", "SLURM_JOB_NODELIST"];
        let list = nodes.into_iter().filter(|_| self.local_size.is_none()).find_map(|name| variables.text(name));
        list.and_then(|list| first_node(&list)).ok_or(LaunchError::Missing { name: "MASTER_ADDR", given: self.rank })
    }

    /// Whether all processes are known to run on this machine.
    fn is_local(&self, variables: &Variables, world_size: usize) -> Result<bool, LaunchError> {
        if world_size == 1 {
            return Ok(true);
        }
        match self.local_size {
            Some(name) => Ok(variables.number(name)? == Some(world_size)),
            None => Ok(variables.number("SLURM_STEP_NUM_NODES")? == Some(1)),
        }
    }
}
