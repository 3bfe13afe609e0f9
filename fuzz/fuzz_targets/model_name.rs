//! libFuzzer's inputs for the reader `model_name`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("model_name", bytes));
