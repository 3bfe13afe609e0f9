//! Launchers of other projects, if they are there.

use crate::training::{assert_same_weights, dpo, errors, free_port, succeed};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output};

/// torchrun: ALIGN_TORCHRUN, or the one on PATH.
pub fn torchrun() -> OsString {
    std::env::var_os("ALIGN_TORCHRUN").unwrap_or_else(|| "torchrun".into())
}

/// Options of torchrun. They have underscores, because version 1.13 knows no others. That version fails with Python 3.11 unless it is told
/// about the output of some rank.
pub const TWO_PROCESSES: [&str; 8] =
    ["--no_python", "--standalone", "--nproc_per_node", "2", "--redirects", "9:1", "--tee", "9:1"];

/// The launcher with its options, which starts the run in the folder `output`.
pub fn launched(launcher: impl Into<OsString>, options: &[&str], dir: &Path, output: &str, more: &[&str]) -> Command {
    let run = dpo(dir, output, more);
    let mut command = Command::new(launcher.into());
    command.args(options).arg(run.get_program()).args(run.get_args()).current_dir(dir);
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Whether a launcher is there. Prints what it means if not.
pub fn is_missing(launcher: impl Into<OsString>, what: &str) -> bool {
    let missing = Command::new(launcher.into()).arg("--help").output().is_err_and(|e| e.kind() == ErrorKind::NotFound);
    if missing {
        println!("skipped: {what}");
    }
    missing
}

/// The reason why tests with torchrun are skipped.
pub const NO_TORCHRUN: &str = "torchrun is not on PATH; ALIGN_TORCHRUN can name it";
const NO_MPIRUN: &str = "mpirun is not on PATH";

/// mpirun, also as root and with more processes than processors.
fn mpirun(options: &[&str], dir: &Path, output: &str) -> Command {
    let options = [&["-n", "2", "--oversubscribe"], options].concat();
    let mut command = launched("mpirun", &options, dir, output, &[]);
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.env("MASTER_PORT", free_port().to_string());
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &errors(output)
}

#[test]
fn torchrun_starts_the_processes() {
    if is_missing(torchrun(), NO_TORCHRUN) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeed(&mut dpo(dir, "whole", &["--nproc-per-node", "2"]));
    let output = launched(torchrun(), &TWO_PROCESSES, dir, "run", &[]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(text(&output).matches("written to run").count(), 1, "{}", text(&output));
    assert_same_weights(&dir.join("run"), &dir.join("whole"), "torchrun");
    // A rank that fails prints its error, and torchrun adds its own report.
    let refused = launched(torchrun(), &TWO_PROCESSES, dir, "run", &["--train-file", "no.jsonl"]).output().unwrap();
    assert!(!refused.status.success() && text(&refused).contains("no.jsonl"), "{}", text(&refused));
}

#[test]
fn mpirun_starts_the_processes() {
    if is_missing("mpirun", NO_MPIRUN) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeed(&mut dpo(dir, "whole", &["--nproc-per-node", "2"]));
    let output = mpirun(&[], dir, "run").output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(text(&output).matches("written to run").count(), 1, "{}", text(&output));
    assert_same_weights(&dir.join("run"), &dir.join("whole"), "mpirun");
    let inner = mpirun(&["-x", "WORLD_SIZE=3"], dir, "other").output().unwrap();
    let expected = "WORLD_SIZE=3 and OMPI_COMM_WORLD_SIZE=2 contradict each other";
    assert!(!inner.status.success() && text(&inner).contains(expected), "{}", text(&inner));
}
