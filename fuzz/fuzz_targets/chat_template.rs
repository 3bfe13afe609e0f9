//! libFuzzer's inputs for the reader `chat_template`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("chat_template", bytes));
