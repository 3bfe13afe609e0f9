//! Ranks that end, hang, come late or leave.

use crate::support::{Process, finish_except, start_group};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::time::Duration;

/// The time limit of the groups in seconds.
const LIMIT: f64 = 6.0;

/// Sends a signal to a rank of three that reduce all the time. Checks that the others fail within the limit, and returns their errors.
fn errors_after(signal: Signal, victim: usize) -> Vec<String> {
    let mut processes = start_group(&format!("steps:{LIMIT}"), 3, "ready");
    kill(Pid::from_raw(processes[victim].child.id() as i32), signal).unwrap();
    let time = finish_except(&mut processes, Some(victim));
    // The time that ending a process takes on a busy machine.
    let margin = Duration::from_secs(4);
    assert!(time <= Duration::from_secs_f64(LIMIT) + margin, "{signal} to rank {victim}: {time:?}");
    let others = processes.iter().enumerate().filter(|(rank, _)| *rank != victim);
    others
        .map(|(rank, process): (usize, &Process)| {
            let error = process.result().to_owned();
            let start = format!("rank {rank} waited ");
            assert!(error.starts_with(&start) && error.contains("(all_reduce of float32 [100000] (sum))"), "{error}");
            error
        })
        .collect()
}

#[test]
fn a_rank_that_is_killed_is_named() {
    for victim in [1, 2] {
        for error in errors_after(Signal::SIGKILL, victim) {
            assert!(error.contains(&format!(": rank {victim} has shown no sign of life for ")), "{error}");
        }
    }
}

#[test]
fn a_rank_that_is_stopped_is_named() {
    for error in errors_after(Signal::SIGSTOP, 2) {
        assert!(error.contains(": rank 2 has shown no sign of life for "), "{error}");
    }
}

#[test]
fn rank_0_takes_its_store_with_it() {
    for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
        for error in errors_after(signal, 0) {
            assert!(error.contains("the store of rank 0 at 127.0.0.1:"), "{error}");
            assert!(error.contains("does not answer: rank 0 has ended, is stopped, or is cut off"), "{error}");
        }
    }
}

#[test]
fn a_rank_that_is_late_is_named_with_its_last_operation() {
    let mut processes = start_group("late:4", 3, "ready");
    finish_except(&mut processes, None);
    for rank in [0, 2] {
        let error = processes[rank].result();
        let expected = "rank 1 is running but has not come to this operation (its last one was operation 1, barrier)";
        assert!(error.contains("in operation 2 (barrier)") && error.contains(expected), "{error}");
    }
    // It finds closed connections, and knows from the others why.
    let error = processes[1].result();
    assert!(error.contains("rank 1 is running but has not come to this operation"), "{error}");
}

#[test]
fn a_rank_that_left_is_named() {
    let mut processes = start_group("leaves:4", 3, "ready");
    finish_except(&mut processes, None);
    for rank in [0, 2] {
        let error = processes[rank].result();
        assert!(error.contains("rank 1 left the group before this operation"), "{error}");
    }
}
