//! libFuzzer's inputs for the reader `jsonl`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("jsonl", bytes));
