//! Why pip failed, in a few words, and what to do about it.

use crate::disk;
use crate::failure::Failure;
use crate::wheels::Wheel;
use crate::zip_source;
use std::path::Path;
use std::process::ExitStatus;

/// pip says a lot; the longest line that is worth passing on.
const LONGEST_LINE: usize = 400;

pub fn explain(wheel: &Wheel, python: &Path, status: ExitStatus, said: &str) -> Failure {
    let what = format!("{} {}", wheel.distribution, wheel.version);
    let failure = |problem: &str| {
        let line = telling_line(said).map(|line| format!("\npip said: {line}")).unwrap_or_default();
        Failure::new(format!("pip could not download {what}: {problem}{line}"))
    };
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if status.code().is_none() {
        return failure(&format!("it was ended ({status})"))
            .remedy("Where memory is short the system ends programs: free some and run this again.");
    }
    if has(&["No space left on device", "Disk quota exceeded", "Errno 28", "Errno 122"]) {
        return failure("there is no room for it").remedy(disk::FULL);
    }
    if has(&["DO NOT MATCH THE HASHES"]) {
        return failure("what came is not that file (its checksum is another), and was not used").remedy(
            "Run this again; if it stays so, the index or proxy that pip is told of (`pip config list`, PIP_INDEX_URL, \
             PIP_FIND_LINKS) hands out another file: set PIP_INDEX_URL to one that mirrors PyPI as it is.",
        );
    }
    if has(&NETWORK) {
        return failure("the package index could not be reached").remedy(network_remedy());
    }
    if has(&["no such option", "No matching distribution", "is not a supported wheel"]) {
        return failure("the index has no such file, or this pip does not know it").remedy(format!(
            "A pip older than 20.3 does not know these wheels: `{} -m pip install --upgrade pip`. Else the index that \
             pip is told of (`pip config list`, PIP_INDEX_URL) lacks it: set PIP_INDEX_URL to a full mirror of PyPI, or \
             bring LibTorch's zip:\n{}",
            python.display(),
            zip_remedy()
        ));
    }
    let end = last_lines(said, 15);
    Failure::new(format!("pip could not download {what} ({status}). It said:\n\n{end}\n"))
        .remedy(format!("If that does not help, LibTorch's zip needs no pip:\n{}", zip_remedy()))
}

/// How pip and urllib3 name the ways in which a network fails.
const NETWORK: [&str; 9] = [
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Read timed out",
    "ProxyError",
    "SSLError",
    "NameResolutionError",
    "ConnectionResetError",
    "Connection aborted",
];

fn network_remedy() -> String {
    format!(
        "Check the network. Behind a proxy set HTTPS_PROXY=http://HOST:PORT; a mirror of PyPI goes into \
         PIP_INDEX_URL=https://MIRROR/simple, its certificate into PIP_CERT. Without either, get LibTorch's zip on \
         another machine:\n{}",
        zip_remedy()
    )
}

/// The other source, and the third: none.
pub fn zip_remedy() -> String {
    format!(
        "  cargo xtask setup --from FILE.zip     with {}\n\
         \x20 LIBTORCH=/absolute/folder cargo xtask setup     with a LibTorch that you have",
        zip_source::official(crate::parts::Parts::Cpu)
    )
}

/// The line that says most: the reason of pip's first retry, its first error, or the end of its traceback.
fn telling_line(said: &str) -> Option<String> {
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = || match lines().find(|line| line.starts_with("ERROR:")) {
        Some("ERROR: Exception:") => lines().next_back(),
        other => other,
    };
    let line = lines().find(|line| line.contains("Retrying (")).or_else(error)?;
    let line = line.split_once("connection broken by ").map_or(line, |(_, reason)| reason);
    let mut short: String = line.chars().take(LONGEST_LINE).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    Some(short)
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::parts::Parts;
    use crate::wheels::needed;
    use std::os::unix::process::ExitStatusExt;

    fn explained(status: i32, said: &str) -> String {
        let wheel = needed(Parts::Cpu).next().unwrap();
        explain(wheel, Path::new("python3"), ExitStatus::from_raw(status), said).to_string()
    }

    #[test]
    fn each_failure_has_its_remedy() {
        let network = "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError: refused'\n\
                       ERROR: No matching distribution found for torch==2.11.0";
        for (said, problem, remedy) in [
            (network, "could not be reached", "PIP_INDEX_URL=https://MIRROR/simple"),
            ("ERROR: Could not install: [Errno 28] No space left on device", "no room", "free some space"),
            ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "checksum is another", "Run this again"),
            ("ERROR: No matching distribution found for torch", "no such file", "install --upgrade pip"),
            ("Traceback\nValueError: odd", "ValueError: odd", "--from FILE.zip"),
        ] {
            let text = explained(256, said);
            assert!(text.starts_with("pip could not download torch 2.11.0"), "{text}");
            assert!(text.contains(problem) && text.contains(remedy), "{text}");
        }
        assert!(explained(9, "").contains("it was ended (signal: 9"));
    }

    #[test]
    fn of_all_that_pip_says_one_line_is_passed_on() {
        let retry = "WARNING: Retrying (Retry(total=4)) after connection broken by 'refused': /torch/";
        assert_eq!(telling_line(&format!("\n{retry}\n{retry}\nERROR: none")).as_deref(), Some("'refused': /torch/"));
        assert_eq!(telling_line("Collecting torch\nERROR: a\nERROR: b").as_deref(), Some("ERROR: a"));
        assert_eq!(telling_line("Collecting torch"), None);
        let traceback = "ERROR: Exception:\nTraceback (most recent call last):\n  x\nOSError: [Errno 28] No space\n";
        assert_eq!(telling_line(traceback).as_deref(), Some("OSError: [Errno 28] No space"));
        let long = format!("ERROR: {}", "é".repeat(1000));
        assert_eq!(telling_line(&long).unwrap().chars().count(), LONGEST_LINE + 1);
    }
}
