//! SIGINT, SIGTERM and SIGHUP in every phase of every command: it ends soon, with the signal's exit code, an intact heap, and no partial
//! outputs.

use crate::effort;
use crate::every_command::{COMMANDS, Invocation, inputs};
use crate::preload::library;
use crate::support;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SIGNALS: [(Signal, i32); 3] = [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)];
/// The mask of the three signals in /proc, where signal n is bit n - 1.
const SIGNAL_MASK: u64 = 1 | 1 << 1 | 1 << 14;
/// The mask of SIGSEGV and SIGBUS. Rust handles them, on a separate stack, to detect stack overflows.
const RUST_SIGNALS: u64 = 1 << 10 | 1 << 6;
/// How long a process may take to end.
const TIMEOUT: Duration = Duration::from_secs(60);

/// For each thread its name, the mask of blocked signals, and the mask of signals with handlers. Empty if the process has ended.
fn threads(child: &Child) -> Vec<(String, u64, u64)> {
    let tasks = fs::read_dir(format!("/proc/{}/task", child.id()));
    let thread = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        // The kernel prints zeros for a thread that is ending.
        if status.lines().any(|line| line == "Threads:\t0") {
            return None;
        }
        let mask = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            u64::from_str_radix(line.trim(), 16).ok()
        };
        Some((name.trim().to_owned(), mask("SigBlk:")?, mask("SigCgt:")?))
    };
    tasks.into_iter().flatten().flatten().filter_map(thread).collect()
}

fn watches_signals(child: &Child) -> bool {
    threads(child).iter().any(|(name, ..)| name == "signals")
}

/// Waits until the child watches for signals. Returns false if it ended before that was seen.
fn wait_until_it_watches(child: &mut Child) -> bool {
    while !watches_signals(child) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// Only the waiting thread receives signals, and no signal has a handler, so no handler can overwrite the heap through a stack pointer
/// that a kernel has moved.
#[test]
fn computing_threads_block_signals_and_no_handlers_are_installed() {
    for invocation in COMMANDS {
        let dir = inputs();
        let mut child = invocation.command(dir.path()).env("OMP_NUM_THREADS", "3").spawn().unwrap();
        assert!(wait_until_it_watches(&mut child), "{}", invocation.command_line());
        let mut max_threads = 0;
        while child.try_wait().unwrap().is_none() {
            let threads = threads(&child);
            max_threads = max_threads.max(threads.len());
            for (name, blocked, handled) in threads {
                assert!(
                    name == "signals" || blocked & SIGNAL_MASK == SIGNAL_MASK,
                    "{}, thread {name}: {blocked:x}",
                    invocation.command_line()
                );
                // Real-time signals are used by the C library.
                assert_eq!(handled & 0x7fff_ffff & !RUST_SIGNALS, 0, "{}: {handled:x}", invocation.command_line());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(child.wait().unwrap().success());
        assert!(max_threads >= 2, "{}: {max_threads} threads", invocation.command_line());
    }
}

fn wait(child: &mut Child, what: &str) -> (std::process::ExitStatus, String) {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            let mut message = String::new();
            child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
            return (status, message);
        }
        assert!(begin.elapsed() < TIMEOUT, "{what}: it does not end");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Pseudo-random numbers from 0 to 1 with a fixed seed.
fn random_numbers(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn a_signal_in_any_phase_leaves_no_partial_output() {
    let scratch = tempfile::tempdir().unwrap();
    let guards = library("guards.c", scratch.path());
    let (mut random, mut stopped, mut sent) = (random_numbers(1), 0, 0);
    for invocation in COMMANDS {
        let dir = inputs();
        let begin = Instant::now();
        invocation.finish(dir.path(), &invocation.command_line());
        let (duration, expected) = (begin.elapsed(), invocation.read_outputs(dir.path()));
        for (number, (signal, code)) in SIGNALS.into_iter().cycle().take(3 * effort()).enumerate() {
            // In half of the cases the signal is sent twice.
            let (after, twice) = (duration.mul_f64(random()), number % 2 == 1);
            sent += 1;
            stopped += usize::from(interrupt(invocation, &guards, (signal, code), after, twice, &expected));
        }
    }
    assert!(stopped * 3 >= sent, "only {stopped} of {sent} signals were sent to a running process");
}

/// Sends a signal to the command and checks how it ends. Returns whether the signal ended the process.
fn interrupt(
    invocation: &Invocation,
    guards: &Path,
    (signal, code): (Signal, i32),
    after: Duration,
    twice: bool,
    expected: &[Option<Vec<u8>>],
) -> bool {
    let dir = inputs();
    let mut child = invocation.command(dir.path()).env("LD_PRELOAD", guards).spawn().unwrap();
    let what =
        format!("{}, {signal} after {after:?}, {}", invocation.command_line(), if twice { "twice" } else { "once" });
    if wait_until_it_watches(&mut child) {
        std::thread::sleep(after);
        kill(Pid::from_raw(child.id() as i32), signal).ok();
        if twice {
            std::thread::sleep(Duration::from_millis(5));
            kill(Pid::from_raw(child.id() as i32), signal).ok();
        }
    }
    let (status, message) = wait(&mut child, &what);
    let what = format!("{what}: {status}, {message}");
    assert!([Some(0), Some(code)].contains(&status.code()), "{what}");
    for word in ["panicked", "corrupted", "guard", "error"] {
        assert!(!message.contains(word), "{what}");
    }
    for (found, expected) in invocation.read_outputs(dir.path()).iter().zip(expected) {
        assert!(
            if status.success() { found == expected } else { found.is_none() || found == expected },
            "{what}: outputs"
        );
    }
    if !status.success() && invocation.rerun_option.is_some() {
        invocation.finish(dir.path(), &format!("{what}: again"));
    }
    !status.success()
}

/// The server never answers, so the upload hangs until the signal.
#[test]
fn a_signal_ends_an_upload_at_once() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", server.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let model = support::golden_path("models/gpt2-tiny");
    for (signal, code) in SIGNALS {
        let args = ["--model", &model, "--hub-model-id", "user/name"];
        let mut command: Command = support::command("push-to-hub", dir.path(), &args);
        command.env("HF_ENDPOINT", &endpoint).env("HF_TOKEN", "hf_test").env_remove("HF_HUB_OFFLINE");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let connection = server.accept().unwrap();
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        let (status, message) = wait(&mut child, "push-to-hub");
        assert_eq!(status.code(), Some(code));
        assert!(
            message.starts_with("stopped during the upload; upload again with\n  align push-to-hub --model "),
            "{message}"
        );
        drop(connection);
    }
}
