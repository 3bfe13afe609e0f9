//! What a run will need, before it begins.

mod available;
mod estimate;

pub use available::available_memory;
pub use estimate::MemoryEstimate;

/// Bytes in words.
pub(crate) fn in_words(bytes: u64) -> String {
    match bytes {
        0..0x40_0000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        0x40_0000..0x4000_0000 => format!("{:.0} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}
