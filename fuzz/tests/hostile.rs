//! Malicious files that exhaust memory or time. It is a single test, because allocations are counted per process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../crates/align-data/tests/hostile/parquet.rs"]
mod parquet;
#[path = "../../crates/align-data/tests/hostile/tokenizers.rs"]
mod tokenizers;

use align_fuzz::{Harness, Outcome, READERS};
use std::time::{Duration, Instant};

/// Tables that are as large as the checks allow. The harness limits their allocations to 256 MiB.
fn large() -> Vec<(&'static str, Vec<u8>)> {
    let row = |cell: fn(usize) -> String| (0..2_000).map(cell).collect::<Vec<_>>().join(",") + "\n";
    let wide = row(|i| if i == 0 { "text".to_owned() } else { format!("c{i}") }) + &row(|i| i.to_string()).repeat(10);
    let text = parquet::page(true, 1, parquet::PLAIN, parquet::plain(&[b'x'; 100_000]));
    let run = parquet::page(false, 300, parquet::RLE_DICTIONARY, parquet::zeros(300));
    let rows = parquet::column(parquet::TEXT, parquet::UNCOMPRESSED, &[(300, vec![text, run])]);
    let cells = parquet::page(false, 2_000_000, parquet::RLE_DICTIONARY, parquet::zeros(2_000_000));
    let nothing = parquet::page(true, 1, parquet::PLAIN, parquet::plain(b""));
    let tall = parquet::column(parquet::TEXT, parquet::UNCOMPRESSED, &[(2_000_000, vec![nothing, cells])]);
    vec![("csv", wide.into_bytes()), ("parquet", rows), ("parquet", tall)]
}

#[test]
fn malicious_files_are_rejected_within_256_mib_and_two_seconds() {
    let tables = parquet::bombs().into_iter().map(|(what, bytes, _)| ("parquet", what.to_owned(), bytes));
    let documents = tokenizers::documents()
        .into_iter()
        .map(|(document, parts)| ("tokenizer_json", parts.concat(), document.to_string().into_bytes()));
    for (name, bytes) in large() {
        let reader = READERS.into_iter().find(|reader| reader.name == name).unwrap();
        assert_eq!(Harness::new(reader).unwrap().run(&bytes).unwrap(), Outcome::Read, "{name}: {} bytes", bytes.len());
    }
    for (name, what, bytes) in tables.chain(documents) {
        let reader = READERS.into_iter().find(|reader| reader.name == name).unwrap();
        let start = Instant::now();
        assert_eq!(Harness::new(reader).unwrap().run(&bytes).unwrap(), Outcome::Rejected, "{name}: {what}");
        assert!(start.elapsed() < Duration::from_secs(2), "{name}: {what}: {:?}", start.elapsed());
    }
}
