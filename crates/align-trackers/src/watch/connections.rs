//! Answering the requests of connections, each in a thread.

use super::page::{LivePage, SCRIPT_PATH};
use super::request::{self, Request};
use super::response::Response;
use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most connections at a time. Browsers open a few each.
const MAX_CONNECTIONS: usize = 32;
/// Time for each read and write of a connection.
const TIMEOUT: Duration = Duration::from_secs(5);
const SCRIPT: &str = include_str!("live.js");

/// What the threads of connections share.
pub(super) struct Shared {
    page: Box<dyn LivePage>,
    /// The last version that was rendered, with its page.
    rendered: Mutex<Option<(String, String)>>,
    open: AtomicUsize,
    /// Whether the page does not change any more.
    pub ended: AtomicBool,
    /// Whether the server answers no more.
    pub closed: AtomicBool,
    /// When a browser asked for the version.
    asked: Mutex<Option<Instant>>,
    /// Whether a browser has got the page after it was told that it does not change any more.
    told: AtomicBool,
    fetched: AtomicBool,
}

impl Shared {
    pub fn new(page: Box<dyn LivePage>) -> Self {
        Self {
            page,
            rendered: Mutex::new(None),
            open: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            asked: Mutex::new(None),
            told: AtomicBool::new(false),
            fetched: AtomicBool::new(false),
        }
    }

    /// Whether a browser has asked for the version within this time.
    pub fn is_watched(&self, within: Duration) -> bool {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|asked| asked.elapsed() < within)
    }

    /// Whether a browser has the last version, and all answers are written.
    pub fn is_told(&self) -> bool {
        self.fetched.load(Ordering::Acquire) && self.open.load(Ordering::Acquire) == 0
    }

    /// Answers the request of a connection in a new thread. Closes it if there are too many.
    pub fn serve(self: &Arc<Self>, stream: TcpStream) {
        if self.open.fetch_add(1, Ordering::AcqRel) >= MAX_CONNECTIONS {
            self.open.fetch_sub(1, Ordering::AcqRel);
            return;
        }
        let shared = Arc::clone(self);
        let started = std::thread::Builder::new().name("watch".to_owned()).spawn(move || {
            // A browser that goes away is no error.
            drop(shared.answer(stream));
            shared.open.fetch_sub(1, Ordering::AcqRel);
        });
        if started.is_err() {
            self.open.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let mut limited = Deadline { stream: &stream, until: Instant::now() + TIMEOUT };
        let (response, head_only) = match request::read(&mut limited) {
            Ok(None) => return Ok(()),
            Ok(Some(request)) => (self.response(&request), request.head_only),
            Err(request::Refusal(status, why)) => (Response::text(status, why), false),
        };
        response.write(&mut &stream, head_only)?;
        stream.shutdown(Shutdown::Write)?;
        // Without reading on, what the browser still sends would reset the connection before it has read the answer.
        std::io::copy(&mut limited.take(1 << 16), &mut std::io::sink())?;
        Ok(())
    }

    fn response(&self, request: &Request) -> Response {
        match request.path.as_str() {
            "/" => {
                let page = self.page();
                self.fetched.store(self.told.load(Ordering::Acquire), Ordering::Release);
                page
            }
            "/version" => {
                *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                let ended = self.ended.load(Ordering::Acquire);
                let version = self.page.version();
                if ended {
                    self.told.store(true, Ordering::Release);
                }
                Response::text(200, if ended { format!("ended {version}") } else { format!("running {version}") })
            }
            SCRIPT_PATH => Response::script(SCRIPT),
            _ => Response::text(404, "there is no such page: open /"),
        }
    }

    /// The page of the current version, which is rendered once.
    fn page(&self) -> Response {
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self.page.version();
        if let Some((known, html)) = &*rendered
            && *known == version
        {
            return Response::html(html.clone());
        }
        match self.page.html() {
            Ok(html) => {
                *rendered = Some((version, html.clone()));
                Response::html(html)
            }
            Err(problem) => Response::text(500, problem),
        }
    }
}

/// A connection that is read until a point in time, so that a request in small parts ends too.
struct Deadline<'a> {
    stream: &'a TcpStream,
    until: Instant,
}

impl Read for Deadline<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if Instant::now() >= self.until {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        let mut stream = self.stream;
        stream.read(buffer)
    }
}
