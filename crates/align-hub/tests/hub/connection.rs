//! Connection failures.

use crate::support::{Client, Server};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

#[test]
fn unknown_host() {
    let server = Server::new([]);
    let client = Client::new(&server).with(|config| config.endpoint = "http://no-such-host.invalid".to_owned());
    let error = client.download_error("user/name");
    assert!(error.contains("cannot reach http://no-such-host.invalid/api/models/user/name"), "{error}");
    assert!(error.contains("check the network and the name in HF_ENDPOINT"), "{error}");
}

#[test]
fn connection_refused() {
    let server = Server::new([]);
    let client = Client::new(&server).with(|config| config.endpoint = "http://127.0.0.1:1".to_owned());
    let error = client.download_error("user/name");
    assert!(error.contains("cannot reach http://127.0.0.1:1/api/models/user/name/revision/main"), "{error}");
    assert!(error.contains("refused") && error.contains("check the network and HF_ENDPOINT"), "{error}");
}

#[test]
fn tls_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let speaks_no_tls = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let server = Server::new([]);
    let client = Client::new(&server).with(|config| config.endpoint = format!("https://{address}"));
    let error = client.download_error("user/name");
    assert!(error.contains("check the clock and the system's certificates"), "{error}");
    speaks_no_tls.join().unwrap();
}

#[test]
fn unreachable_proxy() {
    let this_test = std::env::current_exe().unwrap();
    let output = Command::new(this_test)
        .args(["--exact", "connection::through_a_proxy", "--ignored", "--nocapture"])
        .env("ALL_PROXY", "http://someone:proxy_secret@127.0.0.1:1")
        .env("HF_ENDPOINT", "https://hub.invalid")
        .env("HF_HUB_CACHE", std::env::temp_dir().join("never-written"))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "run by unreachable_proxy"]
fn through_a_proxy() {
    let mut config = align_hub::HubConfig::from_env().unwrap();
    config.offline = false;
    let hub = align_hub::Hub::new(config).unwrap();
    let error = hub.download_model(&"user/name".parse().unwrap(), &mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("check the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY"), "{error}");
    assert!(!error.contains("proxy_secret"), "{error}");
}
