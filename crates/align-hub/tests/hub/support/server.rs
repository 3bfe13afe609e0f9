use super::connection::{self, Request, Response};
use super::fault::{Fault, FaultKind};
use super::repos::Repo;
use super::routes;
use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// A hub and its CDN, running until dropped.
pub struct Server {
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

/// The server's data and received requests.
pub struct State {
    pub hub: SocketAddr,
    pub cdn: SocketAddr,
    pub repos: BTreeMap<String, Repo>,
    /// LFS contents by SHA-256.
    pub storage: BTreeMap<String, Vec<u8>>,
    /// Uploaded parts by SHA-256 and number.
    pub parts: BTreeMap<(String, usize), Vec<u8>>,
    /// Larger files are uploaded in parts of this size.
    pub part_bytes: usize,
    faults: Vec<Fault>,
    seen: Vec<ServedRequest>,
}

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct ServedRequest {
    pub on_cdn: bool,
    pub request: Request,
    pub status: u16,
    /// Number of body bytes sent.
    pub sent: usize,
}

impl Server {
    pub fn new(repos: impl IntoIterator<Item = Repo>) -> Self {
        // The CDN is on another host, because Python compares only host names.
        let (hub, cdn) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.2:0").unwrap());
        let state = Arc::new(Mutex::new(State {
            hub: hub.local_addr().unwrap(),
            cdn: cdn.local_addr().unwrap(),
            repos: repos.into_iter().map(|repo| (repo.name.clone(), repo)).collect(),
            storage: BTreeMap::new(),
            parts: BTreeMap::new(),
            part_bytes: usize::MAX,
            faults: Vec::new(),
            seen: Vec::new(),
        }));
        let stop = Arc::new(AtomicBool::new(false));
        for (listener, on_cdn) in [(hub, false), (cdn, true)] {
            let (state, stop) = (state.clone(), stop.clone());
            thread::spawn(move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let (state, stream) = (state.clone(), stream.unwrap());
                    thread::spawn(move || serve_connection(&state, stream, on_cdn));
                }
            });
        }
        Self { state, stop }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.state().hub)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn repo(&self, name: &str) -> Repo {
        self.state().repos[name].clone()
    }

    pub fn change(&self, name: &str, change: impl FnOnce(&mut Repo)) {
        change(self.state().repos.get_mut(name).unwrap());
    }

    pub fn fault(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<ServedRequest> {
        self.state().seen.clone()
    }

    pub fn clear_requests(&self) {
        self.state().seen.clear();
    }

    /// The requests so far with this method and this text in the path.
    pub fn requests_to(&self, method: &str, path_part: &str) -> Vec<ServedRequest> {
        let fits = |seen: &ServedRequest| seen.request.method == method && seen.request.path.contains(path_part);
        self.requests().into_iter().filter(fits).collect()
    }

    /// The number of bytes of file contents that were sent.
    pub fn bytes_sent(&self) -> usize {
        self.requests()
            .iter()
            .filter(|seen| matches!(seen.status, 200 | 206) && is_content(seen))
            .map(|seen| seen.sent)
            .sum()
    }
}

fn is_content(seen: &ServedRequest) -> bool {
    seen.on_cdn || seen.request.path.contains("/resolve")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let addresses = self.state.lock().map(|state| [state.hub, state.cdn]);
        for address in addresses.into_iter().flatten() {
            // Wakes the listener so that it sees the flag.
            let _ = TcpStream::connect(address);
        }
    }
}

/// Answers the requests of a connection until it closes.
fn serve_connection(state: &Mutex<State>, stream: TcpStream, on_cdn: bool) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Ok(Some(request)) = Request::read(&mut reader) {
        if !respond(state, &mut stream, request, on_cdn) {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// Answers one request. Returns whether the connection stays open.
fn respond(state: &Mutex<State>, stream: &mut TcpStream, mut request: Request, on_cdn: bool) -> bool {
    let original = request.clone();
    let (response, faults) = {
        let mut state = state.lock().unwrap();
        let faults: Vec<FaultKind> = state
            .faults
            .iter_mut()
            .filter_map(|fault| fault.applies_to(&request).then(|| fault.kind.clone()))
            .collect();
        if faults.iter().any(|kind| matches!(kind, FaultKind::IgnoreRange)) {
            request.headers.remove("range");
        }
        (routes::respond(&mut state, &request, on_cdn), faults)
    };
    let (mut response, mut cut, mut pause, mut close): (Response, _, _, _) = (response, None, None, false);
    let mut drip = None;
    for kind in faults {
        match kind {
            FaultKind::CutAfter(bytes) => cut = Some(bytes),
            FaultKind::Close => close = true,
            FaultKind::Response(other) => response = other,
            FaultKind::WrongByte => response.body.iter_mut().take(1).for_each(|byte| *byte ^= 1),
            FaultKind::Header(name, value) if value.is_empty() => {
                response.headers.remove(name);
            }
            FaultKind::Header(name, value) => {
                response.headers.insert(name.to_owned(), value);
            }
            FaultKind::Stall(time) => thread::sleep(time),
            FaultKind::StallAfter(bytes, time) => (cut, pause) = (Some(bytes), Some(time)),
            FaultKind::Drip(time) => (cut, drip) = (Some(0), Some(time)),
            FaultKind::IgnoreRange => {}
        }
    }
    let head_only = original.method == "HEAD";
    let sent = if head_only || close { 0 } else { cut.unwrap_or(usize::MAX).min(response.body.len()) };
    // Recorded before the response is sent, since the client may query it right after.
    state.lock().unwrap().seen.push(ServedRequest { on_cdn, request: original, status: response.status, sent });
    let lives = !close && connection::send(stream, &response, head_only, sent).is_ok();
    for byte in response.body.iter().take(if drip.is_some() { response.body.len() } else { 0 }) {
        thread::sleep(drip.unwrap_or_default());
        if stream.write_all(&[*byte]).and_then(|()| stream.flush()).is_err() {
            break;
        }
    }
    if let Some(time) = pause {
        thread::sleep(time);
    }
    lives && cut.is_none()
}
