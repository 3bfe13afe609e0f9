//! libFuzzer's inputs for the reader `generation_config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("generation_config", bytes));
