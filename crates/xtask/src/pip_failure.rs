//! Explains in a few words why pip failed, with a remedy.

use crate::disk;
use crate::failure::Failure;
use crate::wheels::Wheel;
use crate::zip_source;
use std::path::Path;
use std::process::ExitStatus;

/// Maximum length of a line of pip's output in a message.
const MAX_LINE_LENGTH: usize = 400;

pub fn explain(wheel: &Wheel, python: &Path, status: ExitStatus, output: &str) -> Failure {
    let package = format!("{} {}", wheel.distribution, wheel.version);
    let failure = |problem: &str| {
        let line = relevant_line(output).map(|line| format!("\npip's message: {line}")).unwrap_or_default();
        Failure::new(format!("pip could not download {package}: {problem}{line}"))
    };
    let has = |words: &[&str]| words.iter().any(|word| output.contains(word));
    if status.code().is_none() {
        return failure(&format!("pip was killed ({status})"))
            .remedy("The system may have run out of memory: free some and run this again.");
    }
    if has(&["No space left on device", "Disk quota exceeded", "Errno 28", "Errno 122"]) {
        return failure("there is not enough disk space").remedy(disk::FULL);
    }
    if has(&["DO NOT MATCH THE HASHES"]) {
        return failure("the downloaded file has the wrong checksum and was not used").remedy(
            "Run this again. If the error persists, pip's index or proxy (`pip config list`, PIP_INDEX_URL, \
             PIP_FIND_LINKS) serves another file: set PIP_INDEX_URL to an exact mirror of PyPI.",
        );
    }
    if has(&NETWORK_ERRORS) {
        return failure("the package index could not be reached").remedy(network_remedy());
    }
    if has(&["no such option", "No matching distribution", "is not a supported wheel"]) {
        return failure("the index does not have the file, or this pip does not support it").remedy(format!(
            "A pip older than 20.3 does not support these wheels: `{} -m pip install --upgrade pip`. Otherwise pip's index \
             (`pip config list`, PIP_INDEX_URL) does not have the file: set PIP_INDEX_URL to a full mirror of PyPI, or use \
             LibTorch's zip:\n{}",
            python.display(),
            zip_remedy()
        ));
    }
    let end = last_lines(output, 15);
    Failure::new(format!("pip could not download {package} ({status}). The end of its output:\n\n{end}\n"))
        .remedy(format!("LibTorch's zip can be used without pip:\n{}", zip_remedy()))
}

/// Names of network errors in the output of pip and urllib3.
const NETWORK_ERRORS: [&str; 9] = [
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
        "Check the network. Behind a proxy set HTTPS_PROXY=http://HOST:PORT. For a mirror of PyPI set \
         PIP_INDEX_URL=https://MIRROR/simple, and PIP_CERT to its certificate. Without network access, get LibTorch's zip \
         on another machine:\n{}",
        zip_remedy()
    )
}

/// The commands that use LibTorch's zip or an existing LibTorch.
pub fn zip_remedy() -> String {
    format!(
        "  cargo xtask setup --from FILE.zip     with {}\n\
         \x20 LIBTORCH=/absolute/folder cargo xtask setup     with an existing LibTorch",
        zip_source::official(crate::compute_platform::ComputePlatform::Cpu)
    )
}

/// The most informative line: the reason for pip's first retry, its first error, or the end of its traceback.
fn relevant_line(output: &str) -> Option<String> {
    let lines = || output.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = || match lines().find(|line| line.starts_with("ERROR:")) {
        Some("ERROR: Exception:") => lines().next_back(),
        other => other,
    };
    let line = lines().find(|line| line.contains("Retrying (")).or_else(error)?;
    let line = line.split_once("connection broken by ").map_or(line, |(_, reason)| reason);
    let mut short: String = line.chars().take(MAX_LINE_LENGTH).collect();
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
    use crate::compute_platform::ComputePlatform;
    use crate::wheels::wheels_for;
    use std::os::unix::process::ExitStatusExt;

    fn explained(status: i32, output: &str) -> String {
        let wheel = wheels_for(ComputePlatform::Cpu).next().unwrap();
        explain(wheel, Path::new("python3"), ExitStatus::from_raw(status), output).to_string()
    }

    #[test]
    fn every_failure_has_a_remedy() {
        let network = "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError: refused'\n\
                       ERROR: No matching distribution found for torch==2.11.0";
        for (output, problem, remedy) in [
            (network, "could not be reached", "PIP_INDEX_URL=https://MIRROR/simple"),
            ("ERROR: Could not install: [Errno 28] No space left on device", "disk space", "free some space"),
            ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "wrong checksum", "Run this again"),
            ("ERROR: No matching distribution found for torch", "does not have the file", "install --upgrade pip"),
            ("Traceback\nValueError: odd", "ValueError: odd", "--from FILE.zip"),
        ] {
            let text = explained(256, output);
            assert!(text.starts_with("pip could not download torch 2.11.0"), "{text}");
            assert!(text.contains(problem) && text.contains(remedy), "{text}");
        }
        assert!(explained(9, "").contains("pip was killed (signal: 9"));
    }

    #[test]
    fn one_relevant_line_of_pips_output_is_shown() {
        let retry = "WARNING: Retrying (Retry(total=4)) after connection broken by 'refused': /torch/";
        assert_eq!(relevant_line(&format!("\n{retry}\n{retry}\nERROR: none")).as_deref(), Some("'refused': /torch/"));
        assert_eq!(relevant_line("Collecting torch\nERROR: a\nERROR: b").as_deref(), Some("ERROR: a"));
        assert_eq!(relevant_line("Collecting torch"), None);
        let traceback = "ERROR: Exception:\nTraceback (most recent call last):\n  x\nOSError: [Errno 28] No space\n";
        assert_eq!(relevant_line(traceback).as_deref(), Some("OSError: [Errno 28] No space"));
        let long = format!("ERROR: {}", "é".repeat(1000));
        assert_eq!(relevant_line(&long).unwrap().chars().count(), MAX_LINE_LENGTH + 1);
    }
}
