//! libFuzzer's inputs for the reader `merges`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("merges", bytes));
