//! c10d's key-value store.

use align_torch::call_cpp;
use std::ffi::{CString, c_char, c_int};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::IntoRawFd;
use std::ptr::{NonNull, null_mut};
use std::time::Duration;

/// Opaque: `c10::intrusive_ptr<c10d::Store>`.
#[repr(C)]
pub(crate) struct CStore {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn align_distributed_store_connect(
        host: *const c_char,
        port: u16,
        listener: c_int,
        timeout_ms: i64,
        store: *mut *mut CStore,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_store_part(
        store: *const CStore,
        prefix: *const c_char,
        part: *mut *mut CStore,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_store_clone(
        store: *const CStore,
        clone: *mut *mut CStore,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_store_set(
        store: *const CStore,
        key: *const c_char,
        value: *const c_char,
        length: usize,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_store_set_once(
        store: *const CStore,
        key: *const c_char,
        value: *mut c_char,
        length: *mut usize,
        value_capacity: usize,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_store_get(
        store: *const CStore,
        key: *const c_char,
        value: *mut c_char,
        length: *mut usize,
        value_capacity: usize,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_store_has(
        store: *const CStore,
        key: *const c_char,
        has: *mut bool,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_store_add(
        store: *const CStore,
        key: *const c_char,
        number: i64,
        sum: *mut i64,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_store_free(store: *mut CStore);
}

/// The largest value in bytes.
const MAX_VALUE: usize = 4096;

/// A connection to the store, or a part of its keys.
pub(crate) struct Store(NonNull<CStore>);

// SAFETY: c10d's stores have no ties to a thread, and lock their connection for each call.
unsafe impl Send for Store {}
// SAFETY: as above.
unsafe impl Sync for Store {}

impl Store {
    /// Connects to a store. With a listener, this process holds the store.
    pub(crate) fn connect(
        address: SocketAddr,
        listener: Option<TcpListener>,
        timeout: Duration,
    ) -> Result<Self, String> {
        let host = text(&address.ip().to_string())?;
        let listener = listener.map_or(-1, IntoRawFd::into_raw_fd);
        // SAFETY: the string lives for the call. c10d owns the listener from now on.
        Self::new(|store, problem, capacity| unsafe {
            align_distributed_store_connect(
                host.as_ptr(),
                address.port(),
                listener,
                milliseconds(timeout),
                store,
                problem,
                capacity,
            )
        })
    }

    /// The part of the store whose keys begin with `prefix`, on the same connection.
    pub(crate) fn part(&self, prefix: &str) -> Result<Self, String> {
        let prefix = text(prefix)?;
        // SAFETY: the store and the string live for the call.
        Self::new(|part, problem, capacity| unsafe {
            align_distributed_store_part(self.as_ptr(), prefix.as_ptr(), part, problem, capacity)
        })
    }

    /// The same store with a connection of its own.
    pub(crate) fn on_own_connection(&self) -> Result<Self, String> {
        // SAFETY: the store lives for the call.
        Self::new(|clone, problem, capacity| unsafe {
            align_distributed_store_clone(self.as_ptr(), clone, problem, capacity)
        })
    }

    pub(crate) fn set(&self, key: &str, value: &str) -> Result<(), String> {
        let key = text(key)?;
        let value = cut(value);
        // SAFETY: the store, the key and the bytes of the value live for the call.
        call_cpp(|problem, capacity| unsafe {
            let (start, length) = (value.as_ptr().cast(), value.len());
            align_distributed_store_set(self.as_ptr(), key.as_ptr(), start, length, problem, capacity)
        })
    }

    /// Sets a value if there is none, and returns the value that is there then.
    pub(crate) fn set_once(&self, key: &str, value: &str) -> Result<String, String> {
        let key = text(key)?;
        let value = cut(value);
        // SAFETY: the store and the key live for the call. The buffer has the given capacity, and its first bytes are the value.
        read_value(value, |start, length, problem, capacity| unsafe {
            let (store, key) = (self.as_ptr(), key.as_ptr());
            align_distributed_store_set_once(store, key, start, length, MAX_VALUE, problem, capacity)
        })
    }

    /// Waits for a value.
    pub(crate) fn get(&self, key: &str) -> Result<String, String> {
        let key = text(key)?;
        // SAFETY: the store and the key live for the call. The buffer has the given capacity.
        read_value("", |start, length, problem, capacity| unsafe {
            align_distributed_store_get(self.as_ptr(), key.as_ptr(), start, length, MAX_VALUE, problem, capacity)
        })
    }

    pub(crate) fn has(&self, key: &str) -> Result<bool, String> {
        let key = text(key)?;
        let mut has = false;
        // SAFETY: the store and the key live for the call.
        call_cpp(|problem, capacity| unsafe {
            align_distributed_store_has(self.as_ptr(), key.as_ptr(), &raw mut has, problem, capacity)
        })?;
        Ok(has)
    }

    /// Adds to a number, which is 0 at first, and returns the sum.
    pub(crate) fn add(&self, key: &str, number: i64) -> Result<i64, String> {
        let key = text(key)?;
        let mut sum = 0;
        // SAFETY: the store and the key live for the call.
        call_cpp(|problem, capacity| unsafe {
            align_distributed_store_add(self.as_ptr(), key.as_ptr(), number, &raw mut sum, problem, capacity)
        })?;
        Ok(sum)
    }

    pub(crate) fn as_ptr(&self) -> *const CStore {
        self.0.as_ptr()
    }

    fn new(create: impl FnOnce(*mut *mut CStore, *mut c_char, usize) -> c_int) -> Result<Self, String> {
        let mut store = null_mut();
        call_cpp(|problem, capacity| create(&raw mut store, problem, capacity))?;
        NonNull::new(store).map(Self).ok_or_else(|| "c10d returned no store".to_owned())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: the pointer came from C++ and is freed once.
        unsafe { align_distributed_store_free(self.0.as_ptr()) };
    }
}

/// Reads a value with a C++ function that gets a buffer of [`MAX_VALUE`] bytes with `sent` at its beginning and the length of `sent`, and
/// replaces both.
fn read_value(
    sent: &str,
    read: impl FnOnce(*mut c_char, *mut usize, *mut c_char, usize) -> c_int,
) -> Result<String, String> {
    let (mut bytes, mut length) = ([0_u8; MAX_VALUE], sent.len());
    if let Some(start) = bytes.get_mut(..length) {
        start.copy_from_slice(sent.as_bytes());
    }
    call_cpp(|problem, capacity| read(bytes.as_mut_ptr().cast(), &raw mut length, problem, capacity))?;
    Ok(String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned())
}

/// A string for C++.
pub(crate) fn text(text: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("{text:?} contains a NUL byte"))
}

pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).max(1)
}

/// The beginning of a text that fits into a value.
fn cut(value: &str) -> &str {
    let mut end = value.len().min(MAX_VALUE);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.get(..end).unwrap_or_default()
}
