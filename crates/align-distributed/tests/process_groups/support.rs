//! Starting this test program as the processes of a group.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The variable that makes `child::run` do something.
pub const SCENARIO: &str = "ALIGN_DISTRIBUTED_SCENARIO";
/// Arguments with which this program runs `child::run` alone.
pub const ARGUMENTS: [&str; 4] = ["--exact", "child::run", "--nocapture", "--test-threads=1"];

/// A port that was free just now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One process of a group.
pub struct Process {
    pub child: Child,
    output: BufReader<ChildStdout>,
    /// What it wrote until now.
    pub text: String,
}

impl Process {
    pub fn start(scenario: &str, rank: usize, world_size: usize, port: u16) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(ARGUMENTS)
            .env(SCENARIO, scenario)
            .env("RANK", rank.to_string())
            .env("WORLD_SIZE", world_size.to_string())
            .env("MASTER_PORT", port.to_string())
            .env("OMP_NUM_THREADS", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output, text: String::new() }
    }

    /// Reads until a line that starts with `start`, or to the end.
    pub fn read_to(&mut self, start: &str) -> bool {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            self.text += &line;
            if line.starts_with(start) {
                return true;
            }
            line.clear();
        }
        false
    }

    /// Reads the rest of the output. Returns whether the process succeeded.
    pub fn finish(&mut self) -> bool {
        assert!(!self.read_to("\0"));
        self.child.wait().unwrap().success()
    }

    /// The rest of the line that starts with `result: `.
    pub fn result(&self) -> &str {
        let line = self.text.lines().find_map(|line| line.strip_prefix("result: "));
        line.unwrap_or_else(|| panic!("no result in {}", self.text))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a group on a free port, and tries again if another program took the port in between.
pub fn start_group(scenario: &str, world_size: usize, ready: &str) -> Vec<Process> {
    for _ in 0..5 {
        let port = free_port();
        let start = |rank| Process::start(scenario, rank, world_size, port);
        let mut processes: Vec<Process> = (0..world_size).map(start).collect();
        let all_ready = processes.iter_mut().all(|process| process.read_to(ready));
        if all_ready {
            return processes;
        }
        let texts: Vec<&str> = processes.iter().map(|process| process.text.as_str()).collect();
        let texts = texts.join("\n");
        assert!(texts.contains("another program uses this port"), "a process ended early:\n{texts}");
    }
    panic!("no free port");
}

/// The time until all of these processes have ended, except one.
pub fn finish_except(processes: &mut [Process], except: Option<usize>) -> Duration {
    let start = Instant::now();
    for (rank, process) in processes.iter_mut().enumerate() {
        if Some(rank) != except {
            process.finish();
        }
    }
    start.elapsed()
}
