//! The files of training runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// All files below a folder, by their relative paths.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(dir).unwrap().to_owned(), path);
            }
        }
    }
    found
}

/// The metrics file without the durations of evaluations.
pub fn metrics(run: &Path) -> String {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let without_runtime = |line: &str| match line.split_once("\"eval_runtime\":") {
        Some((before, after)) => format!("{before}{}", after.split_once(',').unwrap().1),
        None => line.to_owned(),
    };
    text.lines().map(|line| without_runtime(line) + "\n").collect()
}

/// Asserts that two runs have the same files, and the same bytes in the model and the metrics file.
pub fn assert_same(run: &Path, whole: &Path, what: &str) {
    let (found, expected) = (files(run), files(whole));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{what}");
    for (name, path) in found.iter().filter(|(name, _)| name.starts_with("model")) {
        assert!(fs::read(path).unwrap() == fs::read(&expected[name]).unwrap(), "{what}: {} differs", name.display());
    }
    assert_eq!(metrics(run), metrics(whole), "{what}");
}

/// Counts the checkpoints of a run, and asserts that each has all files of a checkpoint.
pub fn count_complete_checkpoints(run: &Path, files_of_one: &[PathBuf]) -> usize {
    let names = fs::read_dir(run).into_iter().flatten().map(|entry| entry.unwrap().path());
    let all: Vec<PathBuf> = names.filter(|path| path.to_string_lossy().contains("/checkpoint-")).collect();
    for checkpoint in &all {
        let found = files(checkpoint);
        // The reference's weights are saved only after its first update.
        let expected =
            files_of_one.iter().filter(|name| found.contains_key(*name) || !name.ends_with("reference.safetensors"));
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{}", checkpoint.display());
    }
    all.len()
}

/// Pseudo-random numbers from 0 to 1 with a fixed seed.
pub fn random_numbers(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}
