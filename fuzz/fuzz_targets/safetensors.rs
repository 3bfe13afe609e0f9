//! libFuzzer's inputs for the reader `safetensors`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("safetensors", bytes));
