//! libFuzzer's inputs for the reader `vocab_txt`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("vocab_txt", bytes));
