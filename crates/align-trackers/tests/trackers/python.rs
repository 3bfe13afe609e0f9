//! Runs scripts with the Python libraries.

use std::io::Write;
use std::process::Command;

/// The Python that `ALIGN_PYTHON` names. Says that a test is skipped if there is none.
pub fn python(library: &str) -> Option<Command> {
    let Some(python) = std::env::var_os("ALIGN_PYTHON") else {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let message = format!("SKIPPED {test}: ALIGN_PYTHON names no Python with {library}\n");
        std::io::stderr().write_all(message.as_bytes()).unwrap();
        return None;
    };
    let mut command = Command::new(python);
    command.env("PYTHONWARNINGS", "ignore").env("NO_PROXY", "127.0.0.1").env("MLFLOW_ENABLE_TELEMETRY", "false");
    Some(command)
}

/// What a script prints. `None` if there is no Python.
pub fn run(library: &str, script: &str, args: &[&str]) -> Option<String> {
    let output = python(library)?.args(["-c", script]).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}
