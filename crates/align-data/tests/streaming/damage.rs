//! Damaged caches are refused, with the file and what to do.

use crate::data::{all, cache, lines, message, write};
use align_data::EncodedPair;
use align_data::streaming::TokenCache;
use std::fs;
use std::path::PathBuf;

fn rows() -> (tempfile::TempDir, [PathBuf; 1]) {
    let folder = tempfile::tempdir().unwrap();
    let files = [write(folder.path(), "pairs.jsonl", lines(0..120))];
    (folder, files)
}

/// Every row of the cache is either as it was, or refused.
fn refusals(cache: &TokenCache<EncodedPair>, expected: &[EncodedPair]) -> Vec<String> {
    let mut refused = Vec::new();
    for (index, expected) in expected.iter().enumerate() {
        match cache.row(index) {
            Ok(row) => assert_eq!(row, *expected),
            Err(problem) => refused.push(problem.to_string()),
        }
    }
    refused
}

#[test]
fn a_flipped_bit_is_found() {
    let (folder, files) = rows();
    let caches = folder.path().join("caches");
    let whole = cache(&caches, &files).unwrap();
    let (expected, place) = (all(&whole), whole.folder().to_owned());
    for name in ["rows.bin", "index.bin"] {
        let bytes = fs::read(place.join(name)).unwrap();
        for bit in (0..bytes.len() * 8).step_by(37) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(place.join(name), flipped).unwrap();
            let said = refusals(&cache(&caches, &files).unwrap(), &expected);
            assert!((1..=2).contains(&said.len()), "bit {bit} of {name}: {said:?}");
            let advice = format!("delete the folder {}, and it is built again", place.display());
            assert!(said.iter().all(|said| said.contains(".bin: row ") && said.ends_with(&advice)), "{said:?}");
        }
        fs::write(place.join(name), bytes).unwrap();
    }
    assert_eq!(all(&cache(&caches, &files).unwrap()), expected);
    for name in ["cache.json", "report.json"] {
        let bytes = fs::read(place.join(name)).unwrap();
        for bit in (0..bytes.len() * 8).step_by(101) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(place.join(name), flipped).unwrap();
            let said = message(cache(&caches, &files).and_then(|cache| cache.report()));
            assert!(said.contains(name) && said.contains("delete the folder"), "bit {bit} of {name}: {said}");
        }
        fs::write(place.join(name), bytes).unwrap();
    }
}

#[test]
fn a_cut_file_is_found() {
    let (folder, files) = rows();
    let caches = folder.path().join("caches");
    let whole = cache(&caches, &files).unwrap();
    let place = whole.folder().to_owned();
    for name in ["cache.json", "report.json", "rows.bin", "index.bin"] {
        let bytes = fs::read(place.join(name)).unwrap();
        for length in [0, bytes.len() / 2, bytes.len() - 1] {
            fs::write(place.join(name), &bytes[..length]).unwrap();
            let said = message(cache(&caches, &files).and_then(|cache| cache.report()));
            assert!(said.contains(name) && said.contains("delete the folder"), "{length} bytes of {name}: {said}");
        }
        fs::remove_file(place.join(name)).unwrap();
        let said = message(cache(&caches, &files).and_then(|cache| cache.report()));
        assert!(said.contains(name), "{said}");
        fs::write(place.join(name), bytes).unwrap();
    }
    // While it is open.
    let open = cache(&caches, &files).unwrap();
    fs::File::options().write(true).open(place.join("rows.bin")).unwrap().set_len(10).unwrap();
    let said = message(open.row(100));
    assert!(said.contains("rows.bin: it was cut while it was used: delete the folder"), "{said}");
    let said = message(open.row(5000));
    assert!(said.contains("there is no row 5000, the cache has"), "{said}");
}

#[test]
fn a_cache_under_the_name_of_another_is_refused() {
    let (folder, files) = rows();
    let caches = folder.path().join("caches");
    let one = cache(&caches, &files).unwrap();
    let other = cache(&caches, &[write(folder.path(), "other.jsonl", lines(5..50))]).unwrap();
    fs::remove_dir_all(one.folder()).unwrap();
    fs::rename(other.folder(), one.folder()).unwrap();
    let said = message(cache(&caches, &files));
    assert!(said.contains("cache.json: it belongs to other data"), "{said}");
}
