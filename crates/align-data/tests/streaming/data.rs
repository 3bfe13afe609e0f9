//! Files of pairs, a tokeniser, and caches of them.

use align_data::streaming::{TokenCache, TokenCacheKey};
use align_data::tables::{ColumnNames, ExampleBlocks, Examples};
use align_data::{EncodeOptions, EncodedPair, EncodedPairs, PairExample, Result, Tokenizer, encode_pairs};
use std::fs;
use std::path::{Path, PathBuf};

/// Byte-level BPE of five letters and the space (Ġ), with `ab` and `Ġab` as merges, and an id that needs four bytes.
const VOCAB: &str = r#"{"<|endoftext|>": 0, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "Ġ": 6, "ab": 7, "Ġab": 8}"#;
const MERGES: &str = "#version: 0.2\na b\nĠ ab\n";

pub fn tokenizer(merges: &str) -> Tokenizer {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("vocab.json"), VOCAB).unwrap();
    fs::write(folder.path().join("merges.txt"), merges).unwrap();
    Tokenizer::from_pretrained(folder.path()).unwrap()
}

pub fn bpe() -> Tokenizer {
    tokenizer(MERGES)
}

/// A tokeniser that gives other ids.
pub fn other_bpe() -> Tokenizer {
    tokenizer("#version: 0.2\na b\n")
}

/// The line of a pair: most are kept, some have equal sides, no completion, a long prompt, or a prompt that ends with a space.
pub fn line(row: usize) -> String {
    let letter = |place: usize| ["a", "b", "ab", "c", "d e"][(row / 5_usize.pow(place as u32 % 5) + place) % 5];
    let words = |places: std::ops::Range<usize>| places.map(letter).collect::<String>();
    let (mut prompt, mut chosen, mut rejected) =
        (words(0..3), format!(" {}", words(3..6)), format!(" {}", words(5..9)));
    match row % 97 {
        3 => rejected.clone_from(&chosen),
        5 => prompt = "a".repeat(60),
        7 => prompt.push(' '),
        11 => chosen = [prompt.as_str(), &chosen].concat(),
        13 => (chosen, rejected) = (format!("{prompt}{chosen}"), format!("{prompt}{rejected}")),
        17 => chosen = " ab".repeat(50),
        _ => {}
    }
    let weight = (row % 7) as f64 / 3.0;
    serde_json::json!({"prompt": prompt, "chosen": chosen, "rejected": rejected, "weight": weight}).to_string() + "\n"
}

pub fn lines(rows: std::ops::Range<usize>) -> String {
    rows.map(line).collect()
}

pub fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

pub fn options() -> EncodeOptions {
    EncodeOptions { max_length: Some(40), ..EncodeOptions::default() }
}

pub fn blocks(files: &[PathBuf]) -> ExampleBlocks<PairExample> {
    ExampleBlocks::open(files, &ColumnNames::default()).unwrap()
}

pub fn cache_with(
    folder: &Path,
    tokenizer: &Tokenizer,
    options: &EncodeOptions,
    blocks: ExampleBlocks<PairExample>,
) -> Result<TokenCache<EncodedPair>> {
    TokenCache::open_or_build(folder, &TokenCacheKey::new(tokenizer, options)?, blocks, |rows| {
        encode_pairs(tokenizer, rows, options).map(|encoded| (encoded.pairs, encoded.report))
    })
}

pub fn cache(folder: &Path, files: &[PathBuf]) -> Result<TokenCache<EncodedPair>> {
    cache_with(folder, &bpe(), &options(), blocks(files))
}

/// The same rows, read and tokenised at once.
pub fn at_once(files: &[PathBuf]) -> EncodedPairs {
    let rows = Examples::<PairExample>::read_files(files, &ColumnNames::default()).unwrap();
    encode_pairs(&bpe(), rows.rows(), &options()).unwrap()
}

pub fn all<R: align_data::streaming::CachedRow>(cache: &TokenCache<R>) -> Vec<R> {
    cache.rows(&(0..cache.len()).collect::<Vec<_>>()).unwrap()
}

pub fn message<T>(result: Result<T>) -> String {
    result.err().expect("must be refused").to_string()
}
