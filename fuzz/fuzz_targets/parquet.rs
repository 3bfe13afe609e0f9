//! libFuzzer's inputs for the reader `parquet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| align_fuzz::fuzz("parquet", bytes));
