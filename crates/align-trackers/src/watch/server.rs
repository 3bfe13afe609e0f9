use super::connections::Shared;
use super::page::LivePage;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A server that shows a page until it is dropped.
///
/// ```
/// use align_trackers::watch::{LivePage, PageServer};
///
/// struct Page;
/// impl LivePage for Page {
///     fn version(&self) -> String {
///         "1".to_owned()
///     }
///     fn html(&self) -> Result<String, String> {
///         Ok("<!DOCTYPE html><title>A page</title>".to_owned())
///     }
/// }
///
/// let server = PageServer::start(0, Page)?;
/// assert!(server.url().starts_with("http://127.0.0.1:"));
/// # Ok::<(), align_trackers::watch::StartError>(())
/// ```
pub struct PageServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// A server that cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens on the port.
    #[error("port {0} is in use: choose another one, or 0 for any that is free")]
    PortInUse(u16),
    /// Another problem with the port.
    #[error("port {port} cannot be used: {problem}")]
    Port {
        /// The port.
        port: u16,
        /// What is wrong.
        problem: io::Error,
    },
}

/// A browser that has asked within this time is told that the run has ended.
const WATCHED_WITHIN: Duration = Duration::from_secs(4);
/// How long the end of the server waits for that.
const LONGEST_END: Duration = Duration::from_secs(2);

impl PageServer {
    /// Starts a server on a port of 127.0.0.1; 0 chooses a free one.
    ///
    /// # Errors
    /// A port that is in use or not allowed.
    pub fn start(port: u16, page: impl LivePage) -> Result<Self, StartError> {
        let fail = |problem: io::Error| match problem.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse(port),
            _ => StartError::Port { port, problem },
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let shared = Arc::new(Shared::new(Box::new(page)));
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("watch".to_owned());
        let thread = thread.spawn(move || accept(&listener, &served)).map_err(fail)?;
        Ok(Self { address, shared, thread: Some(thread) })
    }

    /// The address of the page.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

/// Answers connections until the server ends.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.closed.load(Ordering::Acquire) {
            return;
        }
        match stream {
            Ok(stream) => shared.serve(stream),
            // Too many open files, for example.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

impl Drop for PageServer {
    /// Waits shortly until a browser that watches the page has got its last version.
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Release);
        let started = Instant::now();
        while self.shared.is_watched(WATCHED_WITHIN) && !self.shared.is_told() && started.elapsed() < LONGEST_END {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.shared.closed.store(true, Ordering::Release);
        // Wakes the thread, which waits for connections.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl std::fmt::Debug for PageServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PageServer").field("address", &self.address).finish_non_exhaustive()
    }
}
