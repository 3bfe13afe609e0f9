//! libFuzzer's inputs for the reader `gguf_tokenizer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("gguf_tokenizer", bytes));
