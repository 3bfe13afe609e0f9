//! Tuning of the C library's allocator.

/// Makes the process keep large freed blocks for later tensors instead of returning each of them to the system.
///
/// LibTorch allocates memory for the result of each operation. By default glibc maps large blocks from the system and unmaps them when
/// they are freed, so that every page of every result is cleared and faulted in again. With this setting the resident memory stays near
/// its peak. It is process-wide and cannot be read back, so call it at the start of a program, and not in a library. Returns whether the
/// setting was applied; only glibc on Linux has it.
pub fn keep_freed_memory() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: mallopt takes two numbers, checks them, and changes when glibc's allocator asks the system for memory and
        // gives it back; it may be called at any time.
        unsafe {
            libc::mallopt(libc::M_MMAP_MAX, 0) == 1 && libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX) == 1
        }
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glibc_applies_the_settings() {
        assert_eq!(keep_freed_memory(), cfg!(all(target_os = "linux", target_env = "gnu")));
    }
}
