//! libFuzzer's inputs for the reader `bin_zip`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("bin_zip", bytes));
