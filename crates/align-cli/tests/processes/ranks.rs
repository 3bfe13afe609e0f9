//! The processes that a launcher has started.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

/// The process of a rank, if it runs already.
pub fn rank_of(launcher: &Child, rank: usize) -> Option<Pid> {
    let parent = launcher.id().to_string();
    let variable = format!("RANK={rank}");
    let is_rank = |process: &Path| {
        // The name in the second field may contain anything but ends with the last parenthesis.
        let status = fs::read_to_string(process.join("stat")).ok()?;
        let is_child = status.rsplit_once(')')?.1.split_whitespace().nth(1)? == parent;
        let environment = fs::read(process.join("environ")).ok()?;
        let is_rank = environment.split(|byte| *byte == 0).any(|entry| entry == variable.as_bytes());
        (is_child && is_rank).then_some(())
    };
    let processes = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap());
    let numbers = processes.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())));
    numbers.filter(|(_, path)| is_rank(path).is_some()).map(|(number, _)| Pid::from_raw(number)).next()
}

/// Sends a signal to a rank.
pub fn signal(launcher: &Child, rank: usize, signal: Signal) {
    let start = Instant::now();
    let process = loop {
        match rank_of(launcher, rank) {
            Some(process) => break process,
            None => assert!(start.elapsed() < Duration::from_secs(20), "rank {rank} did not start"),
        }
    };
    kill(process, signal).unwrap();
}

/// Waits for a file.
pub fn wait_for(path: &Path, launcher: &mut Child) {
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < Duration::from_secs(120), "{} was not written", path.display());
        if let Some(status) = launcher.try_wait().unwrap() {
            panic!("it ended with {status} before {} was there", path.display());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
