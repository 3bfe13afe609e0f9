//! The folder of a sweep.
#![allow(clippy::unwrap_used)]

use align_frontier::SweepFolder;
use serde_json::json;
use std::fs;

#[test]
fn numbers_round_trip_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let numbers = vec![0.1 + 0.2, 1.0 / 3.0, 1e-300, -0.0, f64::MAX, 5e-324];
    let folder = SweepFolder::open(dir.path(), &json!({"seed": 1})).unwrap();
    assert!(!folder.contains("point"));
    folder.write("point", &numbers).unwrap();
    drop(folder);
    let folder = SweepFolder::open(dir.path(), &json!({"seed": 1})).unwrap();
    let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&folder.read::<Vec<f64>>("point").unwrap().unwrap()), bits(&numbers));
    assert!(folder.read::<Vec<f64>>("other").unwrap().is_none());
}

#[test]
fn another_sweep_is_rejected_with_the_differences() {
    let dir = tempfile::tempdir().unwrap();
    drop(SweepFolder::open(dir.path(), &json!({"seed": 1, "dpo": {"rate": 0.1}})).unwrap());
    let problem = SweepFolder::open(dir.path(), &json!({"seed": 2, "dpo": {}})).unwrap_err().to_string();
    assert!(problem.contains("dpo.rate was 0.1, is now not set; seed was 1, is now 2"), "{problem}");
}

#[test]
fn foreign_locked_and_damaged_folders_are_rejected() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let problem = SweepFolder::open(dir.path(), &json!({})).unwrap_err().to_string();
    assert!(problem.contains("does not contain a sweep"), "{problem}");
    fs::remove_file(dir.path().join("notes.txt")).unwrap();

    let folder = SweepFolder::open(dir.path(), &json!({})).unwrap();
    let problem = SweepFolder::open(dir.path(), &json!({})).unwrap_err().to_string();
    assert!(problem.contains("another process"), "{problem}");
    fs::write(dir.path().join("points/half.json"), "{\"a\": ").unwrap();
    let problem = folder.read::<serde_json::Value>("half").unwrap_err().to_string();
    assert!(problem.contains("half.json: damaged"), "{problem}");
}

#[test]
fn unfinished_files_of_a_killed_sweep_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let folder = SweepFolder::open(dir.path(), &json!({})).unwrap();
    folder.write("whole", &1).unwrap();
    for half in [".unfinished-a", "points/.unfinished-b"] {
        fs::write(dir.path().join(half), "{").unwrap();
    }
    // A process without the lock must not remove them: the other process may be writing them.
    SweepFolder::open(dir.path(), &json!({})).unwrap_err();
    assert!(dir.path().join(".unfinished-a").exists());
    drop(folder);
    let folder = SweepFolder::open(dir.path(), &json!({})).unwrap();
    let names = |folder: &str| {
        let entries = fs::read_dir(dir.path().join(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!((names("."), names("points")), (vec!["points".into(), "sweep.json".into()], vec!["whole.json".into()]));
    assert_eq!(folder.read::<i64>("whole").unwrap(), Some(1));
}
