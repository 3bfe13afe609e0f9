use super::connection::{self, Reply, Request};
use super::fault::{Fault, What};
use super::repos::Repo;
use super::routes;
use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// A hub and its CDN, until dropped.
pub struct Server {
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

/// What the server knows and has seen.
pub struct State {
    pub hub: SocketAddr,
    pub cdn: SocketAddr,
    pub repos: BTreeMap<String, Repo>,
    /// Large file storage: contents by their SHA-256.
    pub storage: BTreeMap<String, Vec<u8>>,
    /// Parts of contents on their way, by SHA-256 and number.
    pub parts: BTreeMap<(String, usize), Vec<u8>>,
    /// Larger files are uploaded in parts of this size.
    pub part_bytes: usize,
    faults: Vec<Fault>,
    seen: Vec<Seen>,
}

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Seen {
    pub on_cdn: bool,
    pub request: Request,
    pub status: u16,
    /// Bytes of the body that were sent.
    pub sent: usize,
}

impl Server {
    pub fn new(repos: impl IntoIterator<Item = Repo>) -> Self {
        // Another host, as a CDN is: Python tells hosts apart by name alone.
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
                    thread::spawn(move || converse(&state, stream, on_cdn));
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

    pub fn no_more_faults(&self) {
        self.state().faults.clear();
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    pub fn forget(&self) {
        self.state().seen.clear();
    }

    /// The requests so far of that method with that in the path.
    pub fn seen_of(&self, method: &str, path_part: &str) -> Vec<Seen> {
        let fits = |seen: &Seen| seen.request.method == method && seen.request.path.contains(path_part);
        self.seen().into_iter().filter(fits).collect()
    }

    /// Bytes of files' contents that were sent.
    pub fn bytes_sent(&self) -> usize {
        self.seen()
            .iter()
            .filter(|seen| matches!(seen.status, 200 | 206) && is_content(seen))
            .map(|seen| seen.sent)
            .sum()
    }
}

fn is_content(seen: &Seen) -> bool {
    seen.on_cdn || seen.request.path.contains("/resolve")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let addresses = self.state.lock().map(|state| [state.hub, state.cdn]);
        for address in addresses.into_iter().flatten() {
            // Wakes the listener, which then sees that it is over.
            let _ = TcpStream::connect(address);
        }
    }
}

/// Answers one connection's requests until it closes.
fn converse(state: &Mutex<State>, stream: TcpStream, on_cdn: bool) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Ok(Some(request)) = Request::read(&mut reader) {
        if !answer(state, &mut stream, request, on_cdn) {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// Whether the connection lives on.
fn answer(state: &Mutex<State>, stream: &mut TcpStream, mut request: Request, on_cdn: bool) -> bool {
    let original = request.clone();
    let (reply, faults) = {
        let mut state = state.lock().unwrap();
        let faults: Vec<What> =
            state.faults.iter_mut().filter_map(|fault| fault.takes(&request).then(|| fault.what.clone())).collect();
        if faults.iter().any(|what| matches!(what, What::IgnoreRange)) {
            request.headers.remove("range");
        }
        (routes::answer(&mut state, &request, on_cdn), faults)
    };
    let (mut reply, mut cut, mut pause, mut close): (Reply, _, _, _) = (reply, None, None, false);
    let mut drip = None;
    for what in faults {
        match what {
            What::CutAfter(bytes) => cut = Some(bytes),
            What::Close => close = true,
            What::Answer(other) => reply = other,
            What::WrongByte => reply.body.iter_mut().take(1).for_each(|byte| *byte ^= 1),
            What::Header(name, value) if value.is_empty() => {
                reply.headers.remove(name);
            }
            What::Header(name, value) => {
                reply.headers.insert(name.to_owned(), value);
            }
            What::Stall(time) => thread::sleep(time),
            What::StallAfter(bytes, time) => (cut, pause) = (Some(bytes), Some(time)),
            What::Drip(time) => (cut, drip) = (Some(0), Some(time)),
            What::IgnoreRange => {}
        }
    }
    let head_only = original.method == "HEAD";
    let sent = if head_only || close { 0 } else { cut.unwrap_or(usize::MAX).min(reply.body.len()) };
    // Before it is sent: whoever has the answer may ask at once what was seen.
    state.lock().unwrap().seen.push(Seen { on_cdn, request: original, status: reply.status, sent });
    let lives = !close && connection::send(stream, &reply, head_only, sent).is_ok();
    for byte in reply.body.iter().take(if drip.is_some() { reply.body.len() } else { 0 }) {
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
