//! Small files that expand to gigabytes or have no end must be rejected before memory is allocated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "hostile/parquet.rs"]
mod parquet;

use align_data::Texts;
use parquet::{INT64, PLAIN, RLE_DICTIONARY, TEXT, UNCOMPRESSED, ZSTD, bombs, column, page, plain, zeros, zstd};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn read(name: &str, bytes: &[u8]) -> align_data::Result<Texts> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    Texts::read(path)
}

#[test]
fn parquet_bombs_are_rejected_before_allocation() {
    for (what, bytes, parts) in bombs() {
        let start = Instant::now();
        let message = read("in.parquet", &bytes).expect_err(what).to_string();
        for part in ["in.parquet"].iter().chain(parts) {
            assert!(message.contains(part), "{what}: {message} lacks {part}");
        }
        assert!(start.elapsed() < Duration::from_secs(2), "{what}: {:?}", start.elapsed());
    }
}

/// Valid files of the same writer can be read, so the files above are rejected for their size alone.
#[test]
fn repeated_texts_are_read() {
    let sound = [(3, vec![page(true, 1, PLAIN, plain(b"film")), page(false, 3, RLE_DICTIONARY, zeros(3))])];
    let texts = read("in.parquet", &column(TEXT, UNCOMPRESSED, &sound)).unwrap();
    assert_eq!(texts.len(), 3);
    // Twenty megabytes: one kilobyte of text, repeated.
    let text = plain(&[b'x'; 1024]);
    let rows = vec![page(true, 1, PLAIN, text), page(false, 20_000, RLE_DICTIONARY, zeros(20_000))];
    assert_eq!(read("in.parquet", &column(TEXT, UNCOMPRESSED, &[(20_000, rows)])).unwrap().len(), 20_000);
    let packed = zstd(&(1024_u32).to_le_bytes(), 1024);
    let compressed = parquet::Page { size: 1028, ..page(false, 1, PLAIN, packed) };
    assert_eq!(read("in.parquet", &column(TEXT, ZSTD, &[(1, vec![compressed])])).unwrap().len(), 1);
    let numbers = column(INT64, UNCOMPRESSED, &[(1, vec![page(false, 1, PLAIN, 7_i64.to_le_bytes().to_vec())])]);
    assert!(read("in.parquet", &numbers).unwrap_err().to_string().contains("expected a column \"text\""));
}

#[test]
fn rows_and_columns_are_limited() {
    let header = |count: usize| (0..count).map(|i| format!("c{i}")).collect::<Vec<_>>().join(",") + "\n";
    let message = |name: &str, bytes: &[u8]| read(name, bytes).unwrap_err().to_string();
    // 868 KB of columns.
    let wide = header(120_000);
    assert!(message("in.csv", wide.as_bytes()).contains("in.csv, line 1: 120000 columns, expected at most 2000"));
    let long = "a".repeat(50 << 20);
    let csv = format!("text\nfilm\n{long}\n");
    assert!(message("in.csv", csv.as_bytes()).contains("line 3: it has 52428801 bytes, expected at most 16777216"));
    let jsonl = format!("{{\"text\": \"film\"}}\n{{\"text\": \"{long}\"}}\n");
    assert!(message("in.jsonl", jsonl.as_bytes()).contains("line 2: it has 52428812 bytes"));
}
