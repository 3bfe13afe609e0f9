//! What the C library's allocator does with large freed blocks.

/// Lets the process keep large freed blocks for the next tensor of their size, instead of giving each back to the system.
///
/// LibTorch allocates results anew in each operation. By default glibc maps large ones from the system and unmaps them when
/// they are freed, so that every page of every result is cleared and faulted in again. This setting belongs to the process and
/// cannot be read back, so a program decides on it, at its start; a library should not. Resident memory then stays near its peak.
/// Returns whether the allocator took it; elsewhere than on Linux with glibc there is nothing to set.
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
    fn glibc_takes_the_settings() {
        assert_eq!(keep_freed_memory(), cfg!(all(target_os = "linux", target_env = "gnu")));
    }
}
