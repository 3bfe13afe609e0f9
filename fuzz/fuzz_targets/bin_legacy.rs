//! libFuzzer's inputs for the reader `bin_legacy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("bin_legacy", bytes));
