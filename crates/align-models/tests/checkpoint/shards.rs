//! Checkpoints in several files.

use crate::fixtures::*;
use align_models::checkpoint::Checkpoint;
use std::path::Path;
use tempfile::TempDir;

fn write_index(folder: &Path, stem: &str, places: &[(&str, &str)]) {
    let map: serde_json::Map<_, _> = places.iter().map(|(name, file)| ((*name).to_owned(), (*file).into())).collect();
    let index = serde_json::json!({"metadata": {"total_size": 0}, "weight_map": map});
    std::fs::write(folder.join(format!("{stem}.index.json")), index.to_string()).unwrap();
}

/// Two shards, `a` and `c` in the first, `b` in the second, and an index that says `places`.
fn sharded(places: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    save(&folder.path().join("1.safetensors"), &[("a", count(0, &[2])), ("c", count(4, &[2]))]);
    save(&folder.path().join("2.safetensors"), &[("b", count(2, &[2]))]);
    write_index(folder.path(), "model.safetensors", places);
    folder
}

#[test]
fn a_golden_model_in_two_shards_is_equal() {
    let whole = Checkpoint::open(&golden("gpt2-tiny")).unwrap();
    let tensors: Vec<_> = whole.entries().iter().map(|e| (e.name(), whole.read(e.name()).unwrap())).collect();
    assert!(tensors.len() > 20);
    let (first, second) = tensors.split_at(tensors.len() / 2);
    let folder = tempfile::tempdir().unwrap();
    let files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    save(&folder.path().join(files[0]), first);
    save(&folder.path().join(files[1]), second);
    let places: Vec<_> =
        [first, second].iter().zip(files).flat_map(|(t, f)| t.iter().map(move |(n, _)| (*n, f))).collect();
    write_index(folder.path(), "model.safetensors", &places);

    let sharded = Checkpoint::open(folder.path()).unwrap();
    assert!(sharded.path().ends_with("model.safetensors.index.json"));
    assert_eq!(sharded.entries().len(), tensors.len());
    for (name, tensor) in &tensors {
        assert!(sharded.read(name).unwrap().equal(tensor), "{name}");
    }
}

#[test]
fn bin_shards_are_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(golden("gpt2-tiny-bin-zip").join("pytorch_model.bin"), folder.path().join("new.bin")).unwrap();
    std::fs::copy(golden("gpt2-tiny-bin-legacy").join("pytorch_model.bin"), folder.path().join("old.bin")).unwrap();
    let places = [("transformer.wte.weight", "new.bin"), ("wpe.weight", "old.bin")];
    write_index(folder.path(), "pytorch_model.bin", &places);
    let sharded = Checkpoint::open(folder.path()).unwrap();
    let whole = Checkpoint::open(&golden("gpt2-tiny")).unwrap();
    assert_eq!(sharded.entries().len(), 2);
    for (stored, full) in
        [("transformer.wte.weight", "transformer.wte.weight"), ("wpe.weight", "transformer.wpe.weight")]
    {
        assert!(sharded.read(stored).unwrap().equal(&whole.read(full).unwrap()), "{stored}");
    }
}

#[test]
fn only_tensors_in_the_index_are_read() {
    let folder = sharded(&[("a", "1.safetensors"), ("b", "2.safetensors")]);
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let names: Vec<_> = checkpoint.entries().iter().map(|entry| entry.name()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(values(&checkpoint.read("b").unwrap()), [2.0, 3.0]);
}

#[test]
fn a_missing_shard_is_named() {
    let folder = sharded(&[("a", "1.safetensors"), ("b", "3.safetensors")]);
    assert_says(&refusal(folder.path()), &["index.json", "3.safetensors", "not in the folder"]);
}

#[test]
fn a_tensor_that_its_shard_lacks_is_named() {
    let folder = sharded(&[("a", "1.safetensors"), ("b", "1.safetensors"), ("d", "1.safetensors")]);
    assert_says(&refusal(folder.path()), &["lists tensors that `1.safetensors` does not contain: b, d"]);
}

#[test]
fn a_shard_must_be_in_the_same_folder() {
    let outside = tempfile::tempdir().unwrap();
    save(&outside.path().join("1.safetensors"), &[("a", count(0, &[2]))]);
    let absolute = outside.path().join("1.safetensors");
    let bad =
        ["../1.safetensors", "sub/1.safetensors", "..", ".", "", "/", "1.safetensors/", "./1.safetensors", "..\\1"];
    for shard in bad.into_iter().chain([absolute.to_str().unwrap()]) {
        let folder = sharded(&[("a", shard)]);
        assert_says(&refusal(folder.path()), &["index.json", "a file in the same folder"]);
    }
}

#[test]
fn an_index_that_is_none_is_refused() {
    for text in ["{", "[]", "{}", r#"{"weight_map": []}"#, r#"{"weight_map": {"a": 1}}"#] {
        let folder = folder_with("model.safetensors.index.json", text.as_bytes());
        assert_says(&refusal(folder.path()), &["model.safetensors.index.json", "not a checkpoint index"]);
    }
    let folder = folder_with("model.safetensors.index.json", br#"{"weight_map": {}}"#);
    assert_says(&refusal(folder.path()), &["weight_map", "empty"]);
}
