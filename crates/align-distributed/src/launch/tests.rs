#![allow(clippy::unwrap_used)]
use super::{Launch, LaunchError, StoreHolder};

/// The launch of an environment such as `RANK=0 WORLD_SIZE=2`.
fn launch(environment: &str) -> Result<Launch, LaunchError> {
    let values: Vec<(&str, &str)> = environment.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
    Launch::from_variables(|name| values.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

fn problem(environment: &str) -> String {
    launch(environment).unwrap_err().to_string()
}

#[test]
fn without_a_launcher_there_is_one_process() {
    for environment in ["", "MASTER_ADDR=10.0.0.1 MASTER_PORT=1234", "RANK="] {
        assert_eq!(launch(environment).unwrap(), Launch::single(), "{environment}");
    }
    // A batch script of SLURM is one process, whatever number of tasks srun will start.
    assert_eq!(launch("SLURM_PROCID=0 SLURM_NTASKS=4 SLURM_LOCALID=0").unwrap(), Launch::single());
}

#[test]
fn torchrun_and_variables_set_by_hand() {
    let own = "RANK=1 WORLD_SIZE=4 LOCAL_RANK=1 MASTER_ADDR=node0 MASTER_PORT=29511";
    let expected = Launch { local_rank: 1, ..Launch::new(1, 4, "node0", 29511) };
    assert_eq!(launch(own).unwrap(), expected);
    for (agent_store, store) in [("True", StoreHolder::Launcher), ("False", StoreHolder::Rank0)] {
        let agent = format!("TORCHELASTIC_USE_AGENT_STORE={agent_store} TORCHELASTIC_RESTART_COUNT=2");
        assert_eq!(launch(&format!("{own} {agent}")).unwrap(), Launch { store, restarts: 2, ..expected.clone() });
    }
    assert_eq!(launch("RANK=1 WORLD_SIZE=2").unwrap(), Launch::new(1, 2, "127.0.0.1", 29500));
    let interface = launch("RANK=1 WORLD_SIZE=2 GLOO_SOCKET_IFNAME=eth1").unwrap().interface;
    assert_eq!(interface.as_deref(), Some("eth1"));
}

#[test]
fn mpi() {
    let open_mpi = "OMPI_COMM_WORLD_RANK=3 OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_LOCAL_RANK=1";
    let local = launch(&format!("{open_mpi} OMPI_COMM_WORLD_LOCAL_SIZE=4")).unwrap();
    assert_eq!(local, Launch { local_rank: 1, ..Launch::new(3, 4, "127.0.0.1", 29500) });
    let remote = format!("{open_mpi} OMPI_COMM_WORLD_LOCAL_SIZE=2");
    assert!(problem(&remote).contains("OMPI_COMM_WORLD_RANK is set, but MASTER_ADDR is not"));
    assert_eq!(launch(&format!("{remote} MASTER_ADDR=node0")).unwrap().host, "node0");
    let mpich = launch("PMI_RANK=1 PMI_SIZE=2 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=2 MASTER_PORT=1234").unwrap();
    assert_eq!(mpich, Launch::new(1, 2, "127.0.0.1", 1234));
    // mpirun in a SLURM job: SLURM's variables are those of the task that runs mpirun.
    let in_slurm = "PMI_RANK=1 PMI_SIZE=2 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=2 SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1";
    assert_eq!(launch(in_slurm).unwrap().rank, 1);
}

#[test]
fn slurm() {
    let task = "SLURM_PROCID=5 SLURM_STEP_NUM_TASKS=8 SLURM_LOCALID=1";
    let nodes = launch(&format!("{task} SLURM_STEP_NUM_NODES=2 SLURM_STEP_NODELIST=gpu[07-08]")).unwrap();
    assert_eq!(nodes, Launch { local_rank: 1, ..Launch::new(5, 8, "gpu07", 29500) });
    assert_eq!(launch(&format!("{task} SLURM_STEP_NUM_NODES=1")).unwrap().host, "127.0.0.1");
    assert!(problem(task).contains("SLURM_PROCID is set, but MASTER_ADDR is not"));
    // `srun --mpi=pmi2` sets PMI's variables too, but not those of MPICH.
    let pmi = launch(&format!("{task} PMI_RANK=5 PMI_SIZE=8 SLURM_STEP_NUM_NODES=2 SLURM_STEP_NODELIST=gpu[07-08]"));
    assert_eq!(pmi.unwrap(), nodes);
    // torchrun under srun: the variables of torchrun count.
    let torchrun = "TORCHELASTIC_RUN_ID=x RANK=6 WORLD_SIZE=8 LOCAL_RANK=2 MASTER_ADDR=gpu07";
    assert_eq!(launch(&format!("{task} {torchrun}")).unwrap().rank, 6);
}

#[test]
fn incomplete_and_malformed_variables_are_named() {
    for (environment, expected) in [
        ("RANK=1", "RANK is set, but WORLD_SIZE is not"),
        ("WORLD_SIZE=2", "WORLD_SIZE is set, but RANK is not"),
        ("LOCAL_RANK=0", "LOCAL_RANK is set, but RANK is not"),
        ("PMI_RANK=0", "PMI_RANK is set, but PMI_SIZE is not"),
        ("OMPI_COMM_WORLD_SIZE=2", "OMPI_COMM_WORLD_SIZE is set, but OMPI_COMM_WORLD_RANK is not"),
        ("RANK=0 WORLD_SIZE=4 LOCAL_WORLD_SIZE=2 LOCAL_RANK=0", "RANK is set, but MASTER_ADDR is not"),
        ("RANK=0 WORLD_SIZE=4 MASTER_ADDR=node0", "MASTER_ADDR is set, but LOCAL_RANK is not"),
        ("RANK=one WORLD_SIZE=2", "RANK is \"one\", expected a number from 0"),
        ("RANK=-1 WORLD_SIZE=2", "RANK is \"-1\", expected a number from 0"),
        ("RANK=2 WORLD_SIZE=2", "RANK is 2, expected less than WORLD_SIZE, which is 2"),
        ("RANK=0 WORLD_SIZE=0", "WORLD_SIZE is 0, expected a number from 1"),
        ("RANK=0 WORLD_SIZE=2 LOCAL_RANK=2", "LOCAL_RANK is 2, expected less than WORLD_SIZE, which is 2"),
        ("RANK=0 WORLD_SIZE=2 MASTER_PORT=70000", "MASTER_PORT is 70000, expected a port from 1 to 65535"),
        ("RANK=0 WORLD_SIZE=2 MASTER_PORT=0", "MASTER_PORT is 0, expected a port from 1 to 65535"),
        ("RANK=0 WORLD_SIZE=2 TORCHELASTIC_USE_AGENT_STORE=maybe", "is \"maybe\", expected True or False"),
    ] {
        let found = problem(environment);
        assert!(found.contains(expected), "{environment}: {found}");
    }
}

#[test]
fn contradictions_are_named() {
    let open_mpi = "OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_LOCAL_RANK=1";
    let found = problem(&format!("RANK=0 WORLD_SIZE=2 {open_mpi}"));
    assert!(found.contains("RANK=0 and OMPI_COMM_WORLD_RANK=1 contradict each other"), "{found}");
    let found = problem(&format!("WORLD_SIZE=4 {open_mpi}"));
    assert!(found.contains("WORLD_SIZE=4 and OMPI_COMM_WORLD_SIZE=2 contradict each other"), "{found}");
}
