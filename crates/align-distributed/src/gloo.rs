//! c10d's Gloo: collective operations between the CPUs of a group.

use crate::deadline::Deadline;
use crate::store::{CStore, Store, milliseconds, text};
use align_torch::call_cpp;
use std::cell::Cell;
use std::ffi::{c_char, c_int};
use std::ptr::{NonNull, null, null_mut};
use std::time::Duration;
use tch::Tensor;
use torch_sys::C_tensor;

/// Opaque: `c10::intrusive_ptr<c10d::ProcessGroupGloo>`.
#[repr(C)]
struct CGloo {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn align_distributed_gloo_connect(
        store: *const CStore,
        rank: c_int,
        size: c_int,
        address: *const c_char,
        interface: *const c_char,
        timeout_ms: i64,
        gloo: *mut *mut CGloo,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_gloo_all_reduce(
        gloo: *const CGloo,
        tensor: *const C_tensor,
        operation: c_int,
        timeout_ms: i64,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_gloo_broadcast(
        gloo: *const CGloo,
        tensor: *const C_tensor,
        root: c_int,
        timeout_ms: i64,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_gloo_all_gather(
        gloo: *const CGloo,
        output: *const C_tensor,
        input: *const C_tensor,
        timeout_ms: i64,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_gloo_all_to_all(
        gloo: *const CGloo,
        output: *const C_tensor,
        input: *const C_tensor,
        timeout_ms: i64,
        problem: *mut c_char,
        capacity: usize,
    ) -> c_int;
    fn align_distributed_gloo_free(gloo: *mut CGloo);
}

/// A reduction that Gloo knows.
#[derive(Clone, Copy)]
pub(crate) enum Reduction {
    Sum = 0,
    Min = 1,
    Max = 2,
}

/// Where a process listens for the others.
pub(crate) enum Listen {
    Address(String),
    Interface(String),
}

/// Connections to all other ranks of a group.
pub(crate) struct Gloo {
    pointer: NonNull<CGloo>,
    timeout: Duration,
    /// When the operation that has begun last must have ended.
    deadline: Cell<Deadline>,
}

// SAFETY: ProcessGroupGloo has no ties to a thread.
unsafe impl Send for Gloo {}

impl Gloo {
    /// Connects to the other ranks. Operations fail if they take longer than `timeout`.
    pub(crate) fn connect(
        store: &Store,
        rank: usize,
        size: usize,
        listen: &Listen,
        connect_timeout: Duration,
        timeout: Duration,
    ) -> Result<Self, String> {
        let (name, by_address) = match listen {
            Listen::Address(address) => (text(address)?, true),
            Listen::Interface(interface) => (text(interface)?, false),
        };
        let address = if by_address { name.as_ptr() } else { null() };
        let interface = if by_address { null() } else { name.as_ptr() };
        let number = |number: usize| c_int::try_from(number).map_err(|_| format!("{number} ranks are too many"));
        let (rank, size) = (number(rank)?, number(size)?);
        let mut gloo = null_mut();
        // SAFETY: the store and the strings live for the call.
        call_cpp(|problem, capacity| unsafe {
            align_distributed_gloo_connect(
                store.as_ptr(),
                rank,
                size,
                address,
                interface,
                milliseconds(connect_timeout),
                &raw mut gloo,
                problem,
                capacity,
            )
        })?;
        let pointer = NonNull::new(gloo).ok_or("c10d returned no process group")?;
        Ok(Self { pointer, timeout, deadline: Cell::new(Deadline::after(timeout)) })
    }

    /// Begins an operation: from now on, the calls below share one time limit, so that an operation of several calls does not take
    /// several limits.
    pub(crate) fn begin_operation(&self) {
        self.deadline.set(Deadline::after(self.timeout));
    }

    /// The time that is left to the operation, in milliseconds, at least 1.
    fn timeout_ms(&self) -> i64 {
        milliseconds(self.deadline.get().left())
    }

    /// Replaces the values of a contiguous tensor by their reduction over all ranks.
    pub(crate) fn all_reduce(&self, tensor: &Tensor, reduction: Reduction) -> Result<(), String> {
        // SAFETY: the group and the tensor live for the call; c10d shares the tensor if it needs it for longer.
        call_cpp(|problem, capacity| unsafe {
            let (gloo, tensor) = (self.pointer.as_ptr(), tensor.as_ptr());
            align_distributed_gloo_all_reduce(gloo, tensor, reduction as c_int, self.timeout_ms(), problem, capacity)
        })
    }

    /// Replaces the values of a contiguous tensor by those of one rank.
    pub(crate) fn broadcast(&self, tensor: &Tensor, root: c_int) -> Result<(), String> {
        // SAFETY: as above.
        call_cpp(|problem, capacity| unsafe {
            let (gloo, tensor) = (self.pointer.as_ptr(), tensor.as_ptr());
            align_distributed_gloo_broadcast(gloo, tensor, root, self.timeout_ms(), problem, capacity)
        })
    }

    /// Writes the tensor of each rank into a row of `output`. All have the same shape.
    pub(crate) fn all_gather(&self, output: &Tensor, input: &Tensor) -> Result<(), String> {
        // SAFETY: as above.
        call_cpp(|problem, capacity| unsafe {
            let (output, input) = (output.as_ptr(), input.as_ptr());
            let gloo = self.pointer.as_ptr();
            align_distributed_gloo_all_gather(gloo, output, input, self.timeout_ms(), problem, capacity)
        })
    }

    /// Sends a row of `input` to each rank, and writes those that the ranks send into `output`.
    pub(crate) fn all_to_all(&self, output: &Tensor, input: &Tensor) -> Result<(), String> {
        // SAFETY: as above.
        call_cpp(|problem, capacity| unsafe {
            let (output, input) = (output.as_ptr(), input.as_ptr());
            let gloo = self.pointer.as_ptr();
            align_distributed_gloo_all_to_all(gloo, output, input, self.timeout_ms(), problem, capacity)
        })
    }
}

impl Drop for Gloo {
    fn drop(&mut self) {
        // SAFETY: the pointer came from C++ and is freed once.
        unsafe { align_distributed_gloo_free(self.pointer.as_ptr()) };
    }
}
