//! Signals are delivered to a separate thread and to no other thread of the process. This test has no test harness, because its threads
//! would be started before `main`.
#![allow(clippy::unwrap_used, clippy::panic)]

use align_torch::{TerminationError, TerminationSignal, watch_termination_signals};
use nix::sys::signal::{Signal, raise};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tch::{Kind, Tensor, kind};

/// SIGHUP, SIGINT and SIGTERM in a mask of /proc, where signal n is bit n - 1.
const THREE: u64 = 1 | 1 << 1 | 1 << 14;

fn main() {
    let arrived = watch();
    match std::env::args().nth(1).as_deref() {
        Some("hangup-ignored") => hangup_stays_ignored(&arrived),
        // `cargo test` passes a filter, which is ignored: there is only one test.
        _ => {
            one_watch_a_process();
            each_signal_arrives(&arrived);
            no_thread_that_computes_takes_them();
            under_nohup();
        }
    }
}

fn watch() -> Receiver<TerminationSignal> {
    let (send, arrived) = channel();
    watch_termination_signals(move |signal| send.send(signal).unwrap()).unwrap();
    arrived
}

fn next(arrived: &Receiver<TerminationSignal>) -> Option<TerminationSignal> {
    arrived.recv_timeout(Duration::from_secs(10)).ok()
}

/// Sends a signal to the process, as `kill` does. `raise` would send it only to this thread.
fn send(signal: Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::this(), signal).unwrap();
}

fn one_watch_a_process() {
    assert!(matches!(watch_termination_signals(|_| {}), Err(TerminationError::AlreadyWatched)));
}

fn each_signal_arrives(arrived: &Receiver<TerminationSignal>) {
    for (sent, expected, code) in [
        (Signal::SIGINT, TerminationSignal::Interrupt, 130),
        (Signal::SIGTERM, TerminationSignal::Terminate, 143),
        (Signal::SIGHUP, TerminationSignal::Hangup, 129),
        (Signal::SIGINT, TerminationSignal::Interrupt, 130),
    ] {
        send(sent);
        assert_eq!(next(arrived), Some(expected));
        assert_eq!(expected.exit_code(), code);
    }
}

#[cfg(target_os = "linux")]
fn no_thread_that_computes_takes_them() {
    tch::set_num_threads(4);
    let x = Tensor::ones([512, 512], kind::FLOAT_CPU);
    assert_eq!(x.matmul(&x).sum(Kind::Double).double_value(&[]), 512.0_f64.powi(3));
    let (mut threads, mut watching) = (0, 0);
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let path = task.unwrap().path();
        let status = std::fs::read_to_string(path.join("status")).unwrap();
        let mask = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        assert_eq!(mask("SigCgt:") & THREE, 0, "a handler is there");
        threads += 1;
        if std::fs::read_to_string(path.join("comm")).unwrap().trim() == "signals" {
            watching += 1;
        } else {
            assert_eq!(mask("SigBlk:") & THREE, THREE, "{status}");
        }
    }
    assert!(threads >= 5 && watching == 1, "{threads} threads, {watching} of them wait");
}

#[cfg(not(target_os = "linux"))]
fn no_thread_that_computes_takes_them() {}

/// Runs this program again with SIGHUP ignored, as `nohup` does.
fn under_nohup() {
    let own = std::env::current_exe().unwrap();
    let ended = Command::new("sh").args(["-c", "trap '' HUP; exec \"$0\" hangup-ignored"]).arg(own).status().unwrap();
    assert!(ended.success());
}

fn hangup_stays_ignored(arrived: &Receiver<TerminationSignal>) {
    send(Signal::SIGHUP);
    raise(Signal::SIGHUP).unwrap();
    send(Signal::SIGTERM);
    assert_eq!(next(arrived), Some(TerminationSignal::Terminate));
}
