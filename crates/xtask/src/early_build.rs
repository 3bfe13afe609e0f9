//! Compiles crates that do not need LibTorch while it is downloaded.

use crate::cargo;
use crate::failure::Failure;
use crate::interrupt;
use crate::workspace::Workspace;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A build in the background, stopped when dropped.
pub struct EarlyBuild(Child);

impl EarlyBuild {
    /// Starts `cargo build` with these arguments. Crates that link LibTorch fail; with `--keep-going`, all others are built.
    /// The output is discarded, since the following build shows real errors again. `None` if cargo cannot be started.
    pub fn start(workspace: &Workspace, arguments: &[&str]) -> Option<Self> {
        let mut command = cargo::command(workspace);
        command
            .args(["build", "--keep-going", "--manifest-path"])
            .arg(workspace.root.join("Cargo.toml"))
            .args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().ok().map(Self)
    }

    /// Waits until the build has ended. Fails after Ctrl-C, which stops it.
    pub fn finish(mut self) -> Result<(), Failure> {
        while let Ok(None) = self.0.try_wait() {
            if interrupt::is_interrupted() {
                break;
            }
            thread::sleep(POLL_INTERVAL);
        }
        if interrupt::is_interrupted() {
            return Err(Failure::new("interrupted; LibTorch is installed. Run the command again to continue."));
        }
        Ok(())
    }
}

impl Drop for EarlyBuild {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
