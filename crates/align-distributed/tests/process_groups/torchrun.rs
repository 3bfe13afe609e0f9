//! Processes that torchrun starts, if it is there: on PATH, or named by ALIGN_TORCHRUN.

use crate::support::{ARGUMENTS, SCENARIO};
use std::process::Command;

/// The output of a scenario in two processes; `None` without torchrun.
fn torchrun(scenario: &str, options: &[&str]) -> Option<String> {
    let program = std::env::var_os("ALIGN_TORCHRUN").unwrap_or_else(|| "torchrun".into());
    let mut command = Command::new(&program);
    command.args(["--no_python", "--standalone", "--nproc_per_node", "2"]).args(options);
    // torchrun 1.13 fails with Python 3.11 unless it is told about the output of some rank.
    command.args(["--redirects", "9:1", "--tee", "9:1"]);
    command.arg(std::env::current_exe().unwrap()).args(ARGUMENTS);
    let output = match command.env(SCENARIO, scenario).env("OMP_NUM_THREADS", "1").output() {
        Ok(output) => output,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: torchrun is not on PATH; ALIGN_TORCHRUN can name it");
            return None;
        }
        Err(e) => panic!("{}: {e}", program.display()),
    };
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{text}");
    Some(text)
}

#[test]
fn torchrun_starts_a_group() {
    let Some(text) = torchrun("rank", &[]) else { return };
    for rank in 0..2 {
        assert!(text.contains(&format!("result: rank {rank} of 2")), "{text}");
    }
}

#[test]
fn torchrun_restarts_a_group() {
    let Some(text) = torchrun("restart", &["--max_restarts", "1"]) else { return };
    assert_eq!(text.matches("result: 2 after restart 1").count(), 2, "{text}");
}
