//! The server of a live page.

use align_trackers::watch::{LivePage, PageServer};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A page that counts how often it is rendered.
#[derive(Clone, Default)]
struct Page {
    version: Arc<AtomicUsize>,
    rendered: Arc<AtomicUsize>,
}

impl LivePage for Page {
    fn version(&self) -> String {
        self.version.load(Ordering::SeqCst).to_string()
    }

    fn html(&self) -> Result<String, String> {
        self.rendered.fetch_add(1, Ordering::SeqCst);
        match self.version.load(Ordering::SeqCst) {
            9 => Err("no page".to_owned()),
            version => Ok(format!("<p>{version}</p>")),
        }
    }
}

fn send(server: &PageServer, request: &str) -> String {
    let address = server.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(server: &PageServer, path: &str) -> String {
    send(server, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

#[test]
fn a_page_is_rendered_once_for_each_version() {
    let page = Page::default();
    let server = PageServer::start(0, page.clone()).unwrap();
    for _ in 0..3 {
        let answer = get(&server, "/");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\n<p>0</p>"), "{answer}");
        assert!(answer.contains("default-src 'none'") && answer.contains("Cache-Control: no-store"), "{answer}");
    }
    assert_eq!(page.rendered.load(Ordering::SeqCst), 1);
    page.version.store(1, Ordering::SeqCst);
    assert!(get(&server, "/version").ends_with("\r\n\r\nrunning 1"));
    assert!(get(&server, "/").ends_with("<p>1</p>"));
    page.version.store(9, Ordering::SeqCst);
    assert!(get(&server, "/").starts_with("HTTP/1.1 500"));
    assert!(get(&server, "/live.js").contains("text/javascript"));
    assert!(get(&server, "/../../etc/passwd").starts_with("HTTP/1.1 404"));
    let head = send(&server, "HEAD /live.js HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn foreign_hosts_and_methods_are_refused() {
    let server = PageServer::start(0, Page::default()).unwrap();
    let foreign = send(&server, "GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
    assert!(foreign.starts_with("HTTP/1.1 403") && !foreign.contains("<p>"), "{foreign}");
    assert!(send(&server, "POST / HTTP/1.1\r\nHost: localhost\r\n\r\nx").starts_with("HTTP/1.1 405"));
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(30_000));
    assert!(send(&server, &long).starts_with("HTTP/1.1 431"));
    assert!(server.url().starts_with("http://127.0.0.1:"));
}

#[test]
fn slow_and_many_connections_do_not_stop_the_server() {
    let server = PageServer::start(0, Page::default()).unwrap();
    let address = server.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let slow: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(&address).unwrap()).collect();
    (&slow[0]).write_all(b"GET / HT").unwrap();
    assert!(get(&server, "/").ends_with("<p>0</p>"));
    // Those that are too many are closed, and there is room again when the others are.
    let many: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(&address).unwrap()).collect();
    drop((slow, many));
    let deadline = Instant::now() + Duration::from_secs(10);
    // A connection that is closed at once is an error for the browser.
    let answer = || {
        let mut stream = TcpStream::connect(&address)?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    while !answer().is_ok_and(|answer| answer.ends_with("<p>0</p>")) {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut stuck = TcpStream::connect(&address).unwrap();
    stuck.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    stuck.write_all(b"GET / HTTP/1.1\r\nHost: loc").unwrap();
    let mut answer = String::new();
    stuck.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[test]
fn a_port_in_use_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let problem = PageServer::start(port, Page::default()).unwrap_err().to_string();
    assert_eq!(problem, format!("port {port} is in use: choose another one, or 0 for any that is free"));
}

#[test]
fn the_end_waits_for_a_browser_that_watches_and_for_no_other() {
    let server = PageServer::start(0, Page::default()).unwrap();
    let started = Instant::now();
    drop(server);
    assert!(started.elapsed() < Duration::from_secs(1));
    let server = PageServer::start(0, Page::default()).unwrap();
    assert!(get(&server, "/version").ends_with("running 0"));
    let address = server.url().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let browser = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        let ask = |path: &str| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        (ask("/version"), ask("/"))
    });
    drop(server);
    let (version, page) = browser.join().unwrap();
    assert!(version.ends_with("ended 0") && page.ends_with("<p>0</p>"), "{version} {page}");
}
