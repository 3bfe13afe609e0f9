//! Runs a program that may take minutes: captures its output, and ends it at Ctrl-C.

use crate::failure::{Context, Failure};
use crate::interrupt;
use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The result of a program.
pub struct Finished {
    pub status: ExitStatus,
    /// Its standard output, followed by its standard error.
    pub output: String,
}

/// Runs the program to its end. `tick` is called about ten times a second.
pub fn run(command: &mut Command, mut tick: impl FnMut()) -> Result<Finished, Failure> {
    let name = command.get_program().display().to_string();
    let doing = || format!("cannot run {name}");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context(doing)?;
    let readers = [child.stdout.take().map(reader), child.stderr.take().map(reader)];
    let status = loop {
        if let Some(status) = child.try_wait().context(doing)? {
            break status;
        }
        if interrupt::is_interrupted() {
            child.kill().ok();
            child.wait().ok();
            interrupt::check()?;
        }
        tick();
        thread::sleep(POLL_INTERVAL);
    };
    // A program ended by Ctrl-C would look like one that failed.
    interrupt::check()?;
    let output = readers.into_iter().flatten().filter_map(|reader| reader.join().ok()).collect();
    Ok(Finished { status, output })
}

/// Reads the stream in a thread, so that the program never blocks on a full pipe.
fn reader(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn both_streams_and_the_status_are_captured() {
        let mut ticks = 0;
        let script = "echo out; echo err >&2; sleep 0.2; exit 3";
        let finished = run(Command::new("sh").args(["-c", script]), || ticks += 1).unwrap();
        assert_eq!((finished.status.code(), finished.output.as_str()), (Some(3), "out\nerr\n"));
        assert!(ticks > 0);
    }

    #[test]
    fn output_larger_than_a_pipe_does_not_block_the_program() {
        let script = "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done";
        let finished = run(Command::new("sh").args(["-c", script]), || {}).unwrap();
        assert_eq!(finished.output.len(), 220_000);
    }
}
