//! Training with threads in the place of processes: each has its own process group and its own model.

use align_distributed::{GroupOptions, Launch};
use align_train::{EvaluationRecord, IntervalStrategy, Objective, ProcessGroup, StepRecord, Trainer, TrainingConfig};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tch::{Kind, Tensor};

/// Optimiser steps of a run.
pub const STEPS: u64 = 50;
/// Allowed relative difference, of weights absolute.
pub const TOLERANCE: f64 = 1e-6;

/// What a run of one process of a group gives.
pub struct Outcome {
    pub steps: Vec<StepRecord>,
    pub evaluation: EvaluationRecord,
    pub weights: Vec<(String, Tensor)>,
}

/// The options of all runs: the same batches for any number of processes.
pub fn training() -> TrainingConfig {
    TrainingConfig {
        per_device_train_batch_size: 5,
        gradient_accumulation_steps: 2,
        max_steps: Some(STEPS),
        learning_rate: 1e-4,
        weight_decay: 0.01,
        // A gradient that is zero but for rounding, such as that of the keys' bias, must not become a step of the learning rate.
        adam_epsilon: 1e-4,
        logging_steps: 1,
        eval_strategy: IntervalStrategy::No,
        skip_memory_check: true,
        ..TrainingConfig::default()
    }
}

/// Runs `work` in `count` processes of a group.
pub fn in_processes<T: Send>(count: usize, work: impl Fn(ProcessGroup) -> T + Sync) -> Vec<T> {
    // One group at a time: their threads already take all processors.
    static GROUPS: Mutex<()> = Mutex::new(());
    let _alone = GROUPS.lock().unwrap_or_else(PoisonError::into_inner);
    // The processes are threads already.
    tch::set_num_threads(1);
    align_torch::keep_freed_memory();
    if count == 1 {
        return vec![work(ProcessGroup::single())];
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let limit = Duration::from_secs(120);
    let options = GroupOptions { timeout: limit, start_timeout: limit };
    let work = &work;
    let run = move |rank| work(ProcessGroup::connect(&Launch::new(rank, count, "127.0.0.1", port), options).unwrap());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|rank| scope.spawn(move || run(rank))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Trains in one process of a group.
pub fn train<O: Objective>(objective: O, train: Vec<O::Row>, eval: Vec<O::Row>, group: ProcessGroup) -> Outcome {
    let mut trainer = Trainer::in_group(objective, train, group).unwrap().with_evaluation(eval).unwrap();
    let steps = (0..STEPS).map(|_| trainer.next_step().unwrap().unwrap()).collect();
    let evaluation = trainer.evaluate().unwrap();
    let weights = align_models::TrainableModel::parameters(trainer.policy());
    let weights = weights.iter().map(|(name, weight)| (name.to_owned(), weight.detach().copy())).collect();
    Outcome { steps, evaluation, weights }
}

/// Trains in 1 to 4 processes, and compares all with one.
pub fn assert_same<O: Objective>(name: &str, make: impl Fn() -> (O, Vec<O::Row>, Vec<O::Row>) + Sync) {
    assert_within(name, TOLERANCE, make);
}

/// Like [`assert_same`], with another tolerance.
pub fn assert_within<O: Objective>(
    name: &str,
    tolerance: f64,
    make: impl Fn() -> (O, Vec<O::Row>, Vec<O::Row>) + Sync,
) {
    let run = |group| {
        let (objective, rows, eval) = make();
        train(objective, rows, eval, group)
    };
    let one = in_processes(1, run).remove(0);
    let first = (one.steps[0].loss, one.steps[STEPS as usize - 1].loss);
    assert!((first.0 - first.1).abs() > 1e-4, "{name}: the run learns: {first:?}");
    for count in 2..=4 {
        let outcomes = in_processes(count, run);
        for (rank, outcome) in outcomes.iter().enumerate() {
            let what = format!("{name}, rank {rank} of {count}");
            assert_near(&what, tolerance, outcome, &one);
            for ((weight, own), (_, other)) in outcome.weights.iter().zip(&outcomes[0].weights) {
                assert!(own == other, "{what}: {weight} differs between the ranks");
            }
        }
    }
}

fn assert_near(what: &str, tolerance: f64, found: &Outcome, expected: &Outcome) {
    let near = |name: &str, found: f64, expected: f64| {
        let apart = (found - expected).abs() / expected.abs().max(1e-3);
        assert!(apart <= tolerance, "{what}: {name} is {found}, expected {expected}: {apart:e} apart");
    };
    for (found, expected) in found.steps.iter().zip(&expected.steps) {
        let step = expected.step;
        near(&format!("the loss of step {step}"), found.loss, expected.loss);
        near(&format!("the gradient norm of step {step}"), found.grad_norm, expected.grad_norm);
        assert_eq!((found.num_tokens, found.epoch), (expected.num_tokens, expected.epoch), "{what}: step {step}");
    }
    near("the evaluation loss", found.evaluation.eval_loss, expected.evaluation.eval_loss);
    let names = |of: &Outcome| of.evaluation.metrics.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "{what}");
    for ((name, found), (_, expected)) in found.evaluation.metrics.iter().zip(expected.evaluation.metrics.iter()) {
        // Metrics are sums of terms of both signs.
        assert!(
            (found - expected).abs() <= 2e-5 * expected.abs().max(1.0),
            "{what}: {name}: {found}, expected {expected}"
        );
    }
    for ((name, found), (_, expected)) in found.weights.iter().zip(&expected.weights) {
        let apart = (found - expected).abs().max().to_kind(Kind::Double).double_value(&[]);
        assert!(apart <= tolerance, "{what}: {name} is {apart:e} apart");
    }
}
