//! SIGINT, SIGTERM and SIGHUP in every phase of every invocation: it ends soon, with the signal's code, an intact heap, and nothing
//! half done.

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
/// The three in a mask of /proc, where signal n is bit n - 1.
const THREE: u64 = 1 | 1 << 1 | 1 << 14;
/// SIGSEGV and SIGBUS, by which Rust finds stack overflows, on a stack of its own.
const RUST: u64 = 1 << 10 | 1 << 6;
/// How long anything may take to end.
const SOON: Duration = Duration::from_secs(60);

/// Each thread's name, and what it blocks and what the process handles; none once the process is gone.
fn threads(child: &Child) -> Vec<(String, u64, u64)> {
    let tasks = fs::read_dir(format!("/proc/{}/task", child.id()));
    let of = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let status = fs::read_to_string(task.path().join("status")).ok()?;
        // Of a thread that is ending the kernel prints zeros.
        if status.lines().any(|line| line == "Threads:\t0") {
            return None;
        }
        let mask = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            u64::from_str_radix(line.trim(), 16).ok()
        };
        Some((name.trim().to_owned(), mask("SigBlk:")?, mask("SigCgt:")?))
    };
    tasks.into_iter().flatten().flatten().filter_map(of).collect()
}

fn watches(child: &Child) -> bool {
    threads(child).iter().any(|(name, ..)| name == "signals")
}

/// Waits until signals are watched; false if the process ended before that was seen.
fn wait_until_it_watches(child: &mut Child) -> bool {
    while !watches(child) {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}

/// No thread but the waiting one ever takes a signal, and no signal has a handler: none can run on a stack that is the heap's.
#[test]
fn no_thread_that_computes_runs_a_handler() {
    for invocation in COMMANDS {
        let dir = inputs();
        let mut child = invocation.command(dir.path()).env("OMP_NUM_THREADS", "3").spawn().unwrap();
        assert!(wait_until_it_watches(&mut child), "{}", invocation.what());
        let mut most = 0;
        while child.try_wait().unwrap().is_none() {
            let threads = threads(&child);
            most = most.max(threads.len());
            for (name, blocks, handles) in threads {
                assert!(
                    name == "signals" || blocks & THREE == THREE,
                    "{}, thread {name}: {blocks:x}",
                    invocation.what()
                );
                // Real-time signals are the C library's own.
                assert_eq!(handles & 0x7fff_ffff & !RUST, 0, "{}: {handles:x}", invocation.what());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(child.wait().unwrap().success());
        assert!(most >= 2, "{}: {most} threads", invocation.what());
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
        assert!(begin.elapsed() < SOON, "{what}: it goes on");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Numbers that are the same in each run of the tests.
fn draws(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn in_every_phase_of_every_command() {
    let scratch = tempfile::tempdir().unwrap();
    let guards = library("guards.c", scratch.path());
    let (mut draw, mut stopped, mut sent) = (draws(1), 0, 0);
    for invocation in COMMANDS {
        let dir = inputs();
        let begin = Instant::now();
        invocation.finish(dir.path(), &invocation.what());
        let (long, expected) = (begin.elapsed(), invocation.written(dir.path()));
        for (number, (signal, code)) in SIGNALS.into_iter().cycle().take(3 * effort()).enumerate() {
            // Every other time the same signal comes again.
            let (after, twice) = (long.mul_f64(draw()), number % 2 == 1);
            sent += 1;
            stopped += usize::from(interrupt(invocation, &guards, (signal, code), after, twice, &expected));
        }
    }
    assert!(stopped * 3 >= sent, "{stopped} of {sent} signals met a process that ran");
}

/// Whether the signal met the process before its end.
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
    let what = format!("{}, {signal} after {after:?}, {}", invocation.what(), if twice { "twice" } else { "once" });
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
    for (found, expected) in invocation.written(dir.path()).iter().zip(expected) {
        assert!(
            if status.success() { found == expected } else { found.is_none() || found == expected },
            "{what}: products"
        );
    }
    if !status.success() && invocation.again.is_some() {
        invocation.finish(dir.path(), &format!("{what}: again"));
    }
    !status.success()
}

/// An upload hangs at a server that never answers.
#[test]
fn an_upload_ends_at_once() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", server.local_addr().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let model = support::kept("models/gpt2-tiny");
    for (signal, code) in SIGNALS {
        let args = ["--model", &model, "--hub-model-id", "user/name"];
        let mut command: Command = support::command("push-to-hub", dir.path(), &args);
        command.env("HF_ENDPOINT", &endpoint).env("HF_TOKEN", "hf_test").env_remove("HF_HUB_OFFLINE");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let connection = server.accept().unwrap();
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        let (status, message) = wait(&mut child, "push-to-hub");
        assert_eq!((status.code(), message.as_str()), (Some(code), ""));
        drop(connection);
    }
}
