//! Running a program that takes minutes: its words are kept, and Ctrl-C ends it.

use crate::failure::{Context, Failure};
use crate::interrupt;
use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(100);

/// What became of a program.
pub struct Ended {
    pub status: ExitStatus,
    /// What it wrote to its output and error streams.
    pub said: String,
}

/// Runs it to its end; `tick` is called about ten times a second meanwhile.
pub fn run(command: &mut Command, mut tick: impl FnMut()) -> Result<Ended, Failure> {
    let name = command.get_program().display().to_string();
    let doing = || format!("cannot run {name}");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context(doing)?;
    let readers = [child.stdout.take().map(reader), child.stderr.take().map(reader)];
    let status = loop {
        if let Some(status) = child.try_wait().context(doing)? {
            break status;
        }
        if interrupt::asked() {
            child.kill().ok();
            child.wait().ok();
            interrupt::check()?;
        }
        tick();
        thread::sleep(TICK);
    };
    // One that Ctrl-C ended would look like one that failed.
    interrupt::check()?;
    let said = readers.into_iter().flatten().filter_map(|reader| reader.join().ok()).collect();
    Ok(Ended { status, said })
}

/// Reads beside us, so that the program never waits for room in the pipe.
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
    fn both_streams_and_the_status_are_kept() {
        let mut ticks = 0;
        let script = "echo out; echo err >&2; sleep 0.2; exit 3";
        let ended = run(Command::new("sh").args(["-c", script]), || ticks += 1).unwrap();
        assert_eq!((ended.status.code(), ended.said.as_str()), (Some(3), "out\nerr\n"));
        assert!(ticks > 0);
    }

    #[test]
    fn more_than_a_pipe_holds_does_not_block_it() {
        let script = "i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done";
        let ended = run(Command::new("sh").args(["-c", script]), || {}).unwrap();
        assert_eq!(ended.said.len(), 220_000);
    }
}
