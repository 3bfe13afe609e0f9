//! The file that is chosen in a folder, and the error if there is none.

use crate::fixtures::*;
use align_models::checkpoint::{Checkpoint, CheckpointError};

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert_says(&refusal(&folder.path().join("gpt3")), &["gpt3", "no such folder", "config.json"]);
}

#[test]
fn a_file_instead_of_a_folder_is_rejected() {
    let folder = folder_with("model.safetensors", b"");
    assert_says(&refusal(&folder.path().join("model.safetensors")), &["is a file", "give the folder"]);
}

#[test]
fn the_error_for_a_folder_without_weights_lists_its_files() {
    let folder = folder_with("tf_model.h5", b"x");
    let names =
        ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];
    assert_says(&refusal(folder.path()), &names);
    assert_says(&refusal(folder.path()), &["tf_model.h5"]);
    assert_says(&refusal(tempfile::tempdir().unwrap().path()), &["the folder contains nothing"]);
}

#[test]
fn safetensors_are_preferred_to_bin() {
    let folder = saved(&[("norm.bias", count(0, &[3]))]);
    std::fs::copy(golden("gpt2-tiny-bin-zip").join("pytorch_model.bin"), folder.path().join("pytorch_model.bin"))
        .unwrap();
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    assert!(checkpoint.path().ends_with("model.safetensors"));
    assert_eq!(checkpoint.entries().len(), 1);
}

#[test]
fn a_missing_tensor_is_named() {
    let folder = saved(&[("norm.bias", count(0, &[3]))]);
    let error = Checkpoint::open(folder.path()).unwrap().read("norm.weight").unwrap_err();
    assert!(matches!(&error, CheckpointError::NoTensor { name, .. } if name == "norm.weight"), "{error}");
}

#[test]
fn placeholders_are_rejected_with_their_kind() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 548118077\n";
    for name in ["model.safetensors", "pytorch_model.bin", "model.safetensors.index.json"] {
        assert_says(&refusal(folder_with(name, pointer).path()), &[name, "git-lfs pointer", "git lfs pull"]);
        assert_says(&refusal(folder_with(name, b"\n<!DOCTYPE html>").path()), &[name, "HTML page"]);
        assert_says(&refusal(folder_with(name, b"").path()), &[name, "is empty"]);
    }
}

#[test]
fn a_folder_with_the_name_of_the_weights_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("model.safetensors")).unwrap();
    assert_says(&refusal(folder.path()), &["model.safetensors", "not a regular file"]);
}

#[test]
fn a_broken_link_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("../../blobs/0", folder.path().join("model.safetensors")).unwrap();
    assert_says(&refusal(folder.path()), &["model.safetensors", "No such file"]);
}

#[test]
fn links_are_followed() {
    let real = saved(&[("norm.bias", count(0, &[3]))]);
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(real.path().join("model.safetensors"), folder.path().join("model.safetensors")).unwrap();
    let bias = Checkpoint::open(folder.path()).unwrap().read("norm.bias").unwrap();
    assert_eq!(values(&bias), [0.0, 1.0, 2.0]);
}
