//! Two hosts with a process each, as two network namespaces, and a cable between them that is cut.

use crate::ranks::wait_for;
use crate::support::run_files::random_numbers;
use crate::training::{assert_same_weights, dpo, error_lines, errors, start, succeed};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Two network namespaces with a pair of connected interfaces. They are deleted at the end.
struct Hosts([String; 2]);

/// The addresses of the hosts.
const ADDRESSES: [&str; 2] = ["10.97.3.1", "10.97.3.2"];

fn ip(arguments: &str) -> bool {
    Command::new("ip").args(arguments.split(' ')).output().is_ok_and(|output| output.status.success())
}

impl Hosts {
    /// `None` where namespaces cannot be made.
    fn new() -> Option<Self> {
        let names = ["a", "b"].map(|host| format!("align-{}-{host}", std::process::id()));
        let hosts = Self(names);
        let [a, b] = &hosts.0;
        let made = ip(&format!("netns add {a}"))
            && ip(&format!("netns add {b}"))
            && ip(&format!("link add align0 netns {a} type veth peer name align0 netns {b}"))
            && hosts.0.iter().zip(ADDRESSES).all(|(host, address)| {
                ip(&format!("-n {host} address add {address}/24 dev align0"))
                    && ip(&format!("-n {host} link set lo up"))
            })
            && hosts.set_cable("up");
        if !made {
            println!("skipped: network namespaces cannot be made here; that needs root and iproute2");
        }
        made.then_some(hosts)
    }

    /// Connects the hosts, or cuts them off.
    fn set_cable(&self, state: &str) -> bool {
        self.0.iter().all(|host| ip(&format!("-n {host} link set align0 {state}")))
    }

    /// Starts the run with a process on each host.
    fn start(&self, dir: &Path, more: &[&str]) -> Vec<Child> {
        let start_on = |(rank, host): (usize, &String)| {
            let run = dpo(dir, "run", more);
            let mut command = Command::new("ip");
            command.args(["netns", "exec", host]).arg(run.get_program()).args(run.get_args()).current_dir(dir);
            command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
            command.env("RANK", rank.to_string()).env("WORLD_SIZE", "2").env("LOCAL_RANK", "0");
            start(command.env("MASTER_ADDR", ADDRESSES[0]).env("MASTER_PORT", "29571"))
        };
        self.0.iter().enumerate().map(start_on).collect()
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for host in &self.0 {
            ip(&format!("netns delete {host}"));
        }
    }
}

/// How often the cable is cut: a part of ALIGN_FAULTS.
fn cuts() -> usize {
    std::env::var("ALIGN_FAULTS").map_or(1, |times| times.parse::<usize>().expect("ALIGN_FAULTS is a number") / 5)
}

#[test]
fn a_run_on_two_hosts_that_are_cut_off_ends_and_goes_on() {
    let Some(hosts) = Hosts::new() else { return };
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let run = ["--max-steps", "40", "--save-steps", "4", "--disable-dropout", "false"];
    succeed(&mut dpo(dir, "whole", &[&run[..], &["--nproc-per-node", "2"]].concat()));
    let mut random = random_numbers(4);
    let limited = [&run[..], &["--ddp-timeout", "6"]].concat();
    for cut in 0..cuts().max(1) {
        let mut ranks = hosts.start(dir, &limited);
        let checkpoint = align_train::latest_checkpoint(&dir.join("run")).ok().flatten();
        wait_for(&dir.join("run/metrics.jsonl"), &mut ranks[0]);
        if checkpoint.is_none() {
            wait_for(&dir.join("run/checkpoint-4"), &mut ranks[0]);
        }
        std::thread::sleep(Duration::from_secs_f64(random() * if checkpoint.is_some() { 2.0 } else { 0.3 }));
        assert!(hosts.set_cable("down"));
        let begin = Instant::now();
        let ended: Vec<_> = ranks.into_iter().map(|rank| rank.wait_with_output().unwrap()).collect();
        let time = begin.elapsed();
        assert!(hosts.set_cable("up"));
        if ended.iter().all(|rank| rank.status.success()) {
            break;
        }
        // The limit, and the time that loading the model and ending processes takes on a busy machine.
        assert!(time < Duration::from_secs(6 + 12), "cut {cut}: {time:?}");
        let messages: Vec<String> = ended.iter().map(errors).collect();
        println!("cut {cut}: ended within {time:.1?}\n{}", messages.concat());
        // Rank 0 has the store.
        let expected = ["rank 1 ", &format!("{}:29571", ADDRESSES[0])];
        for (rank, (message, expected)) in messages.iter().zip(expected).enumerate() {
            let lines = error_lines(message);
            assert_eq!(ended[rank].status.code(), Some(1), "rank {rank} after cut {cut}: {message}");
            assert!(lines.len() == 1 && lines[0].contains(expected), "rank {rank} after cut {cut}: {message}");
        }
    }
    let ranks = hosts.start(dir, &limited);
    for (rank, output) in ranks.into_iter().map(|rank| rank.wait_with_output().unwrap()).enumerate() {
        assert!(output.status.success(), "rank {rank}: {}", errors(&output));
    }
    assert_same_weights(&dir.join("run"), &dir.join("whole"), "two hosts");
}
