//! libFuzzer's inputs for the reader `json_array`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("json_array", bytes));
