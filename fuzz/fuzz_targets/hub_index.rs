//! libFuzzer's inputs for the reader `hub_index`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("hub_index", bytes));
