//! libFuzzer's inputs for the reader `nested_columns`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("nested_columns", bytes));
