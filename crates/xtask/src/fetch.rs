//! Downloading one file over https with what the machine has for it: curl, wget, or Python alone.

use crate::child;
use crate::disk;
use crate::failure::Failure;
use crate::progress::Meter;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

const TOOLS: [&str; 3] = ["curl", "wget", "python3"];

const URLLIB: &str = "\
import shutil, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=60) as source, open(sys.argv[2], 'wb') as target:
    shutil.copyfileobj(source, target, 1 << 20)";

/// Whether there is a program that downloads.
pub fn possible() -> bool {
    tool().is_some()
}

fn tool() -> Option<&'static str> {
    let path = env::var_os("PATH")?;
    TOOLS.into_iter().find(|tool| env::split_paths(&path).any(|folder| folder.join(tool).is_file()))
}

/// Downloads into `file`, which is not there yet.
pub fn fetch(url: &str, file: &Path) -> Result<(), Failure> {
    let tool = tool().ok_or_else(|| {
        Failure::new("nothing here can download: curl, wget and python3 are all missing")
            .remedy("Install one, or get the zip elsewhere and name the file: `cargo xtask setup --from FILE.zip`")
    })?;
    let mut command = Command::new(tool);
    match tool {
        "curl" => command.args(["--fail", "--location", "--proto", "=https", "--silent", "--show-error"]),
        "wget" => command.args(["-nv"]),
        _ => command.args(["-c", URLLIB]),
    };
    match tool {
        "curl" => command.args(["--retry", "3", "--output"]).arg(file).arg(url),
        "wget" => command.arg("-O").arg(file).arg(url),
        _ => command.arg(url).arg(file),
    };
    let mut meter = Meter::new(file.parent().unwrap_or(file), None);
    let ended = child::run(&mut command, || meter.tick())?;
    drop(meter);
    if ended.status.success() && fs::metadata(file).is_ok_and(|data| data.len() > 0) {
        return Ok(());
    }
    let last = ended.said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing").trim();
    let failure = Failure::new(format!("{tool} could not download {url} ({}): {last}", ended.status));
    if disk_filled_up(tool, ended.status.code(), last) {
        return Err(failure.remedy(disk::FULL));
    }
    Err(failure.remedy(
        "Check the address and the network; behind a proxy set https_proxy=http://HOST:PORT. A zip that you get \
         elsewhere serves too: `cargo xtask setup --from FILE.zip`",
    ))
}

/// curl says only that it could not write, by its exit code.
fn disk_filled_up(tool: &str, code: Option<i32>, last: &str) -> bool {
    (tool == "curl" && code == Some(23)) || (tool == "wget" && code == Some(3)) || last.contains("No space left")
}
