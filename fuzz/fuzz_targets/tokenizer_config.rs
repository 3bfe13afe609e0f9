//! libFuzzer's inputs for the reader `tokenizer_config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("tokenizer_config", bytes));
