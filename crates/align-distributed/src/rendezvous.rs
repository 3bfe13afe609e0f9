//! How the processes of a launch find each other: rank 0 or the launcher holds a store, to which all connect.

use crate::deadline::{Deadline, within};
use crate::error::Error;
use crate::gloo::Listen;
use crate::launch::{Launch, StoreHolder};
use crate::store::Store;
use crate::wording::ranks;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

/// The longest that one attempt to connect takes.
const ATTEMPT: Duration = Duration::from_secs(2);
/// The pause between questions to the store.
const PAUSE: Duration = Duration::from_millis(20);
/// How long the holder of the store stays after an error, so that the others can read it.
const LAST_WORDS: Duration = Duration::from_millis(600);
/// What a thread that asks the store gets in addition to a time limit, so that its own error comes first.
const MARGIN: Duration = Duration::from_secs(1);

/// The processes of a launch, after each has found the store and all have come.
pub(crate) struct Meeting {
    pub(crate) launch: Launch,
    pub(crate) store: Arc<Store>,
    address: SocketAddr,
    groups: Mutex<BTreeSet<String>>,
}

impl Meeting {
    /// Meets the other processes.
    pub(crate) fn new(launch: &Launch, deadline: Deadline) -> Result<Self, Error> {
        let addresses = resolve(launch)?;
        let (listener, address) = if launch.holds_the_store() {
            let listener = listen(&addresses)?;
            let address = listener.local_addr().map_err(|source| listen_error(&addresses, source))?;
            (Some(listener), address)
        } else {
            (None, reach(launch, &addresses, deadline)?)
        };
        let no_store = |problem| Error::NoStore { rank: launch.rank, address: address.to_string(), problem };
        let (limit, restarts) = (deadline.left().max(MARGIN), launch.restarts);
        let connect = move || Store::connect(address, listener, limit)?.part(&format!("align/{restarts}"));
        let store = within(limit, connect).unwrap_or_else(|| Err("nothing was sent back".to_owned()));
        let store = Arc::new(store.map_err(no_store)?);
        let (joining, own) = (store.clone(), launch.clone());
        let joined = within(deadline.left() + MARGIN, move || join(&joining, &own, deadline));
        if let Err(error) = joined.unwrap_or_else(|| Err(no_store("it stopped answering".to_owned()))) {
            if launch.holds_the_store() {
                sleep(LAST_WORDS);
            }
            return Err(error);
        }
        Ok(Self { launch: launch.clone(), store, address, groups: Mutex::default() })
    }

    /// Takes a name for a group. It must not be taken yet.
    pub(crate) fn take_name(&self, name: &str) -> Result<(), Error> {
        if self.groups.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned()) {
            return Ok(());
        }
        Err(Error::Argument {
            operation: "another",
            problem: format!("there is a group with the name {name:?} already"),
        })
    }

    /// The store's address and its holder, for messages.
    pub(crate) fn description(&self) -> String {
        let holder = match self.launch.store {
            StoreHolder::Rank0 => "rank 0",
            StoreHolder::Launcher => "the launcher",
        };
        format!(
            "the store of {holder} at {} does not answer: {holder} has ended, is stopped, or is cut off",
            self.address
        )
    }

    /// Where this process listens for the others: at its address in the network that leads to the store.
    pub(crate) fn listen_address(&self) -> Result<Listen, Error> {
        if let Some(interface) = &self.launch.interface {
            return Ok(Listen::Interface(interface.clone()));
        }
        // Connecting a UDP socket sends nothing. It only chooses the route.
        let any = if self.address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let route = UdpSocket::bind(any).and_then(|socket| {
            socket.connect(self.address)?;
            socket.local_addr()
        });
        let action = || format!("finding this machine's address in the network of {}", self.address);
        let route = route.map_err(|source| Error::System { action: action(), source })?;
        Ok(Listen::Address(route.ip().to_string()))
    }
}

/// The addresses of the store's host, IPv4 first.
fn resolve(launch: &Launch) -> Result<Vec<SocketAddr>, Error> {
    let unknown = |problem| Error::UnknownHost { rank: launch.rank, host: launch.host.clone(), problem };
    let found = (launch.host.as_str(), launch.port).to_socket_addrs().map_err(|e| unknown(e.to_string()))?;
    let mut addresses: Vec<SocketAddr> = found.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    if addresses.is_empty() { Err(unknown("it has no address".to_owned())) } else { Ok(addresses) }
}

/// Listens on the first address that is this machine's, and on no other.
pub(crate) fn listen(addresses: &[SocketAddr]) -> Result<TcpListener, Error> {
    let mut problem = std::io::Error::from(ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpListener::bind(address) {
            Ok(listener) => return Ok(listener),
            Err(e) if e.kind() == ErrorKind::AddrNotAvailable => {}
            Err(e) => problem = e,
        }
    }
    Err(listen_error(addresses, problem))
}

fn listen_error(addresses: &[SocketAddr], source: std::io::Error) -> Error {
    let address = addresses.first().map(ToString::to_string).unwrap_or_default();
    match source.kind() {
        ErrorKind::AddrInUse => Error::PortInUse { address },
        ErrorKind::AddrNotAvailable => Error::NotHere { address },
        _ => Error::Listen { address, source },
    }
}

/// Tries until something accepts a connection. (c10d would try too, but its errors do not tell a wrong port from a wrong host.)
fn reach(launch: &Launch, addresses: &[SocketAddr], deadline: Deadline) -> Result<SocketAddr, Error> {
    let mut problem = "there was no time to try".to_owned();
    while !deadline.has_passed() {
        for address in addresses {
            let attempt = deadline.left().clamp(Duration::from_millis(1), ATTEMPT);
            match TcpStream::connect_timeout(address, attempt) {
                // A connection from a port to itself happens if nothing listens on a port from which the system takes ports.
                Ok(stream) if stream.local_addr().ok() != Some(*address) => return Ok(*address),
                Ok(_) => {}
                Err(e) => problem = e.to_string(),
            }
        }
        sleep(PAUSE.min(deadline.left()));
    }
    let shown = addresses.first().map(ToString::to_string).unwrap_or_default();
    Err(Error::Unreachable { rank: launch.rank, address: shown, waited: deadline.waited(), problem })
}

/// Signs in and waits for all ranks. Two processes of one rank, or different world sizes, end the launch.
fn join(store: &Store, launch: &Launch, deadline: Deadline) -> Result<(), Error> {
    let &Launch { rank, world_size, .. } = launch;
    let lost = |problem| Error::Connect { rank, waited: deadline.waited(), problem };
    let end = |problem: String| {
        // If the store is gone too, the others find that out.
        let _ = store.set_once("problem", &problem);
        Err(Error::Reported(problem))
    };
    let agreed = store.set_once("world size", &world_size.to_string()).map_err(lost)?;
    if agreed != world_size.to_string() {
        return end(format!(
            "rank {rank} was started with the world size {world_size}, but another rank with {agreed}"
        ));
    }
    if store.add(&format!("rank {rank}"), 1).map_err(lost)? > 1 {
        return end(format!("two processes were started as rank {rank}; each of the {world_size} needs its own rank"));
    }
    let came = store.add("came", 1).map_err(lost)?;
    if usize::try_from(came).is_ok_and(|came| came >= world_size) {
        store.set("complete", "").map_err(lost)?;
    }
    let mut pause = PAUSE;
    loop {
        if store.has("problem").map_err(lost)? {
            return Err(Error::Reported(store.get("problem").map_err(lost)?));
        }
        if store.has("complete").map_err(lost)? {
            return Ok(());
        }
        let given_up = store.has("given up").map_err(lost)?;
        if given_up || deadline.has_passed() {
            let missing = missing(store, "rank ", world_size).map_err(lost)?;
            if missing.is_empty() && given_up {
                return Err(Error::Reported(store.get("given up").map_err(lost)?));
            }
            let error = Error::Missing { rank, world_size, missing, waited: deadline.waited() };
            // The others end now too.
            store.set("given up", &error.to_string()).map_err(lost)?;
            return Err(error);
        }
        sleep(pause.min(deadline.left()));
        pause = (pause * 2).min(PAUSE * 10);
    }
}

/// The ranks without a key that begins with `prefix`.
fn missing(store: &Store, prefix: &str, world_size: usize) -> Result<Vec<usize>, String> {
    let mut missing = Vec::new();
    for rank in 0..world_size {
        if !store.has(&format!("{prefix}{rank}"))? {
            missing.push(rank);
        }
    }
    Ok(missing)
}

/// Which ranks have not begun to form a group, for messages.
pub(crate) fn not_entered(store: &Store, world_size: usize) -> Result<Option<String>, String> {
    let missing = missing(store, "entered/", world_size)?;
    Ok((!missing.is_empty()).then(|| format!("{} did not come to form this group", ranks(&missing))))
}
