//! Downloads one file over https with curl, wget or Python, whichever is installed.

use crate::disk;
use crate::failure::Failure;
use crate::progress::DownloadProgress;
use crate::subprocess;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

const TOOLS: [&str; 3] = ["curl", "wget", "python3"];

const URLLIB: &str = "\
import shutil, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=60) as source, open(sys.argv[2], 'wb') as target:
    shutil.copyfileobj(source, target, 1 << 20)";

/// Whether one of the download tools is installed.
pub fn is_possible() -> bool {
    tool().is_some()
}

fn tool() -> Option<&'static str> {
    let path = env::var_os("PATH")?;
    TOOLS.into_iter().find(|tool| env::split_paths(&path).any(|folder| folder.join(tool).is_file()))
}

/// Downloads to `file`, which must not exist.
pub fn fetch(url: &str, file: &Path) -> Result<(), Failure> {
    let tool = tool().ok_or_else(|| {
        Failure::new("cannot download: curl, wget and python3 are all missing").remedy(
            "Install one of them, or get the zip elsewhere and give the file: `cargo xtask setup --from FILE.zip`",
        )
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
    let mut meter = DownloadProgress::new(file.parent().unwrap_or(file), None);
    let finished = subprocess::run(&mut command, || meter.tick())?;
    drop(meter);
    if finished.status.success() && fs::metadata(file).is_ok_and(|data| data.len() > 0) {
        return Ok(());
    }
    let last = finished.output.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message").trim();
    let failure = Failure::new(format!("{tool} could not download {url} ({}): {last}", finished.status));
    if disk_filled_up(tool, finished.status.code(), last) {
        return Err(failure.remedy(disk::FULL));
    }
    Err(failure.remedy(
        "Check the address and the network; behind a proxy set https_proxy=http://HOST:PORT. You can also get the zip \
         elsewhere: `cargo xtask setup --from FILE.zip`",
    ))
}

const URLLIB_HEAD: &str = "\
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(urllib.request.Request(sys.argv[1], method='HEAD'), timeout=5)
except urllib.error.HTTPError:
    pass";

/// wget's exit code for an answer such as 404.
const WGET_ERROR_ANSWER: i32 = 8;

/// Asks whether a server answers at all, within ten seconds. The error says why not.
pub fn reach(url: &str) -> Result<(), String> {
    let tool = tool().ok_or("curl, wget and python3 are all missing")?;
    let mut command = Command::new(tool);
    match tool {
        "curl" => {
            command.args(["--head", "--silent", "--show-error", "--connect-timeout", "5", "--max-time", "10", url])
        }
        "wget" => command.args(["--spider", "-nv", "--tries=1", "--timeout=5", url]),
        _ => command.args(["-c", URLLIB_HEAD, url]),
    };
    let finished = subprocess::run(&mut command, || {}).map_err(|failure| failure.to_string())?;
    if finished.status.success() || (tool == "wget" && finished.status.code() == Some(WGET_ERROR_ANSWER)) {
        return Ok(());
    }
    let last = finished.output.lines().rfind(|line| !line.trim().is_empty());
    Err(last.map_or_else(|| format!("{tool} failed ({})", finished.status), |line| line.trim().to_owned()))
}

/// curl and wget report a failed write by their exit codes only.
fn disk_filled_up(tool: &str, code: Option<i32>, last: &str) -> bool {
    (tool == "curl" && code == Some(23)) || (tool == "wget" && code == Some(3)) || last.contains("No space left")
}
