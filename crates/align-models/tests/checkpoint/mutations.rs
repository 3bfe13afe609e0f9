//! Real files with thousands of seeded faults: whatever comes of them, it is a result, and not a large one.

use crate::fixtures::*;
use align_models::checkpoint::Checkpoint;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

const MUTATIONS: u64 = 1000;
/// Files are under 1 MB; beyond this someone believed a length.
const GROWTH_LIMIT_KIB: u64 = 512 << 10;

fn below(rng: &mut ChaCha8Rng, bound: usize) -> usize {
    (rng.next_u64() % bound.max(1) as u64) as usize
}

/// Where the structure of a file is: mostly at its ends.
fn place(rng: &mut ChaCha8Rng, len: usize) -> usize {
    let near = below(rng, len.min(6000));
    match below(rng, 8) {
        0 => below(rng, len),
        1..=3 => len - 1 - near,
        _ => near,
    }
}

fn flip(rng: &mut ChaCha8Rng, bytes: &mut [u8]) {
    let at = place(rng, bytes.len());
    bytes[at] ^= 1 << below(rng, 8);
}

/// Overwrites 1, 2, 4 or 8 bytes by a number that a length or an offset would be bad at.
fn number(rng: &mut ChaCha8Rng, bytes: &mut [u8]) {
    let numbers = [0, 1, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 40, i64::MAX as u64, 1 << 63, u64::MAX];
    let number = numbers[below(rng, numbers.len())].to_le_bytes();
    let width = 1 << below(rng, 4);
    let at = place(rng, bytes.len()).min(bytes.len() - width);
    bytes[at..at + width].copy_from_slice(&number[..width]);
}

/// Copies a stretch of the file over another, so that real structures stand in the wrong places.
fn transplant(rng: &mut ChaCha8Rng, bytes: &mut [u8]) {
    let width = 1 + below(rng, 40);
    let (from, to) = (place(rng, bytes.len() - width), place(rng, bytes.len() - width));
    bytes.copy_within(from..from + width, to);
}

fn mutate(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
    for _ in 0..1 + below(rng, 3) {
        match below(rng, 10) {
            0 => {
                let len = place(rng, bytes.len()).max(64);
                bytes.truncate(len);
            }
            1..=4 => flip(rng, bytes),
            5..=7 => number(rng, bytes),
            _ => transplant(rng, bytes),
        }
    }
}

/// The greatest size that this process has had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmPeak:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Opens and reads whatever a mutated `name` still gives. Returns how many of the files were refused.
fn survive(folder: &Path, name: &str, seed: u64) -> u64 {
    let path = folder.join(name);
    let original = std::fs::read(&path).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let before = peak();
    let mut refused = 0;
    for i in 0..MUTATIONS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed << 32 | i);
        let mut bytes = original.clone();
        mutate(&mut rng, &mut bytes);
        file.write_all_at(&bytes, 0).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        match Checkpoint::open(folder) {
            Ok(checkpoint) => {
                for entry in checkpoint.entries() {
                    if let Ok(tensor) = checkpoint.read(entry.name()) {
                        assert_eq!(tensor.size(), entry.shape(), "seed {i}");
                    }
                }
            }
            Err(error) => {
                assert!(error.to_string().len() < 10_000, "seed {i}: {error}");
                refused += 1;
            }
        }
    }
    let growth = peak() - before;
    assert!(growth < GROWTH_LIMIT_KIB, "the process grew by {growth} KiB");
    refused
}

fn copied(model: &str, name: &str) -> tempfile::TempDir {
    folder_with(name, &std::fs::read(golden(model).join(name)).unwrap())
}

#[test]
fn mutated_safetensors_give_a_result() {
    let refused = survive(copied("gpt2-tiny", "model.safetensors").path(), "model.safetensors", 1);
    assert!(refused > MUTATIONS / 10, "only {refused} refused: the mutations hit nothing");
}

#[test]
fn mutated_zip_archives_give_a_result() {
    let refused = survive(copied("gpt2-tiny-bin-zip", "pytorch_model.bin").path(), "pytorch_model.bin", 2);
    assert!(refused > MUTATIONS / 2, "only {refused} refused: the mutations hit nothing");
}

#[test]
fn mutated_old_files_give_a_result() {
    let refused = survive(copied("gpt2-tiny-bin-legacy", "pytorch_model.bin").path(), "pytorch_model.bin", 3);
    assert!(refused > MUTATIONS / 10, "only {refused} refused: the mutations hit nothing");
}

/// With the checksums left out, as torch can be told to, more of what is wrong reaches the unpickler.
#[test]
fn mutated_archives_without_checksums_give_a_result() {
    let mut bytes = std::fs::read(golden("gpt2-tiny-bin-zip").join("pytorch_model.bin")).unwrap();
    let headers: Vec<_> = (0..bytes.len() - 46).filter(|at| bytes[*at..].starts_with(b"PK\x01\x02")).collect();
    assert!(headers.len() > 20);
    for at in headers {
        bytes[at + 16..at + 20].fill(0);
    }
    let folder = folder_with("pytorch_model.bin", &bytes);
    assert!(Checkpoint::open(folder.path()).unwrap().entries().len() > 20);
    let refused = survive(folder.path(), "pytorch_model.bin", 4);
    assert!(refused > MUTATIONS / 10, "only {refused} refused: the mutations hit nothing");
}

#[test]
fn mutated_indices_give_a_result() {
    let folder = tempfile::tempdir().unwrap();
    save(&folder.path().join("1.safetensors"), &[("a", count(0, &[2])), ("b", count(2, &[2]))]);
    let name = "model.safetensors.index.json";
    let index = r#"{"metadata": {"total_size": 16}, "weight_map": {"a": "1.safetensors", "b": "1.safetensors"}}"#;
    std::fs::write(folder.path().join(name), index).unwrap();
    let refused = survive(folder.path(), name, 5);
    assert!(refused > MUTATIONS / 2, "only {refused} refused: the mutations hit nothing");
}
