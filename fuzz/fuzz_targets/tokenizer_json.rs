//! libFuzzer's inputs for the reader `tokenizer_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("tokenizer_json", bytes));
