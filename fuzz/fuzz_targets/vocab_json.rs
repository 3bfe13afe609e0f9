//! libFuzzer's inputs for the reader `vocab_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("vocab_json", bytes));
