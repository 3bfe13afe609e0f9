//! libFuzzer's inputs for the reader `adapter_config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("adapter_config", bytes));
