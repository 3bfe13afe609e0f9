//! The live page of a run.

use crate::dpo;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

fn get(address: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn the_page_shows_the_run_as_it_grows_and_ends_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = dpo(dir.path(), "run", 60, "--watch").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut lines = lines.skip_while(|line| !line.starts_with("watch the run at "));
    let line = lines.next().unwrap();
    let address = line.trim_start_matches("watch the run at http://").trim_end_matches('/').to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{line}");
    let first = get(&address, "/").unwrap();
    assert!(first.starts_with("HTTP/1.1 200") && first.contains("src=\"/live.js\""), "{}", &first[..400]);
    let mut versions = vec![get(&address, "/version").unwrap()];
    // A browser asks until the run has ended; then it gets the final report.
    let last = loop {
        let version = get(&address, "/version").unwrap();
        if versions.last() != Some(&version) {
            versions.push(version.clone());
        }
        if version.contains("\r\n\r\nended") {
            break get(&address, "/").unwrap();
        }
        if versions.len() == 4 {
            let page = get(&address, "/").unwrap();
            assert!(
                page.contains("of 60, epoch") && page.contains("Loss over steps"),
                "the curves of a run that goes on"
            );
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert!(versions.len() > 4, "{versions:?}");
    let report = std::fs::read_to_string(dir.path().join("run/report.html")).unwrap();
    assert!(last.ends_with(&report), "the final report");
    assert!(child.wait().unwrap().success());
    assert!(get(&address, "/").is_err(), "the server ends with the run");
    drop(lines);
}

#[test]
fn a_port_in_use_is_named_before_the_first_step() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let output = dpo(dir.path(), "run", 2, &format!("--watch --watch-port {port}")).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains(&format!("--watch-port cannot be used: port {port} is in use")), "{message}");
    assert!(!dir.path().join("run/metrics.jsonl").exists());
}
