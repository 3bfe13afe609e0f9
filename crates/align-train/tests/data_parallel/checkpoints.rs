//! ZeRO, and resuming with another number of processes.

use crate::models::gpt2;
use crate::processes::{TOLERANCE, in_processes, training};
use crate::rows::{TRAIN, pairs};
use align_models::TrainableModel;
use align_train::objective::Dpo;
use align_train::{
    CheckpointSaver, DpoConfig, DpoTrainer, IntervalStrategy, Observer, ProcessGroup, ResumeMode, Trainer,
    TrainingConfig, latest_checkpoint,
};
use std::path::Path;
use tch::{Kind, Tensor};

const STEPS: u64 = 12;
const CHECKPOINT: u64 = 5;

fn trainer(zero_stage: u8, group: ProcessGroup) -> DpoTrainer {
    let training = TrainingConfig {
        zero_stage,
        max_steps: Some(STEPS),
        save_strategy: IntervalStrategy::Steps,
        save_steps: Some(CHECKPOINT),
        ..training()
    };
    let config = DpoConfig { training, ..DpoConfig::default() };
    let dpo = Dpo::new(gpt2(3, Kind::Float), None, config).unwrap();
    Trainer::in_group(dpo, pairs(TRAIN), group).unwrap()
}

/// Trains to the end. Rank 0 writes the checkpoints.
fn train(trainer: &mut DpoTrainer, rank: usize, dir: &Path) -> Vec<Tensor> {
    let mut saver = CheckpointSaver::new(dir);
    let mut observers: Vec<&mut dyn Observer<Dpo>> = Vec::new();
    if rank == 0 {
        observers.push(&mut saver);
    }
    trainer.train(&mut observers).unwrap();
    trainer.policy().parameters().iter().map(|(_, weight)| weight.detach().copy()).collect()
}

fn run(count: usize, zero_stage: u8, dir: &Path) -> Vec<Tensor> {
    let outcome = |group: ProcessGroup| {
        let rank = group.rank();
        train(&mut trainer(zero_stage, group), rank, dir)
    };
    in_processes(count, outcome).remove(0)
}

#[test]
fn sharded_optimisers_give_the_same_weights_with_a_part_of_the_memory() {
    for count in 2..=4 {
        let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [whole, sharded] = [0, 1].map(|stage| run(count, stage, dirs[stage as usize].path()));
        assert!(whole == sharded, "{count} processes");
        let checkpoint = |dir: &Path| std::fs::read(dir.join(format!("checkpoint-{CHECKPOINT}/optimizer.safetensors")));
        assert!(checkpoint(dirs[0].path()).unwrap() == checkpoint(dirs[1].path()).unwrap(), "{count} processes");

        let one = trainer(0, ProcessGroup::single()).optimizer_bytes();
        let parts = in_processes(count, |group| trainer(1, group).optimizer_bytes());
        assert_eq!(parts.iter().sum::<usize>(), one);
        // Blocks of 64 values are not divided.
        let weights = trainer(0, ProcessGroup::single()).policy().parameters().iter().count();
        assert!(parts.iter().all(|bytes| *bytes <= one / count + 64 * 8 * weights), "{parts:?} of {one} bytes");
    }
}

#[test]
fn a_run_goes_on_with_another_number_of_processes() {
    let dir = tempfile::tempdir().unwrap();
    let expected = run(4, 1, dir.path());
    let old = dir.path().join(format!("checkpoint-{CHECKPOINT}"));
    for count in 1..=3 {
        let resumed = |group: ProcessGroup| {
            let (rank, other) = (group.rank(), tempfile::tempdir().unwrap());
            let mut trainer = trainer(0, group);
            let problem = trainer.resume(&old).unwrap_err().to_string();
            assert!(problem.contains("a run of 4 processes, but this run has"), "{problem}");
            trainer.resume_with(&old, ResumeMode::Inexact).unwrap();
            assert_eq!(trainer.step(), CHECKPOINT);
            train(&mut trainer, rank, other.path())
        };
        for weights in in_processes(count, resumed) {
            for (found, expected) in weights.iter().zip(&expected) {
                let apart = (found - expected).abs().max().to_kind(Kind::Double).double_value(&[]);
                assert!(apart <= TOLERANCE, "{count} processes: {apart:e} apart");
            }
        }
    }
    assert!(latest_checkpoint(dir.path()).unwrap().is_some());
}

#[test]
fn a_sharded_optimiser_needs_several_processes() {
    let training = TrainingConfig { zero_stage: 1, ..training() };
    let dpo = Dpo::new(gpt2(3, Kind::Float), None, DpoConfig { training, ..DpoConfig::default() }).unwrap();
    let problem = Trainer::from_objective(dpo, pairs(TRAIN)).unwrap_err().to_string();
    assert!(problem.contains("zero_stage is 1") && problem.contains("start several"), "{problem}");
}

#[test]
fn processes_that_differ_are_found_at_the_start() {
    let problems = in_processes(2, |group| {
        let learning_rate = if group.rank() == 1 { 2e-4 } else { 1e-4 };
        let config = DpoConfig { training: TrainingConfig { learning_rate, ..training() }, ..DpoConfig::default() };
        let dpo = Dpo::new(gpt2(3, Kind::Float), None, config).unwrap();
        Trainer::in_group(dpo, pairs(TRAIN), group).unwrap_err().to_string()
    });
    for problem in problems {
        assert!(problem.contains("learning_rate is 0.0001 in rank 0 and 0.0002 in rank 1"), "{problem}");
    }
    let problems = in_processes(2, |group| {
        let dpo = Dpo::new(gpt2(group.rank() as u64, Kind::Float), None, DpoConfig::default()).unwrap();
        Trainer::in_group(dpo, pairs(TRAIN), group).unwrap_err().to_string()
    });
    for problem in problems {
        assert!(problem.contains("rank 1") && problem.contains("rank 0"), "{problem}");
    }
}
