//! Folders, files and tensors that the tests share.

use align_models::checkpoint::{Checkpoint, Layout, TensorSpec, save_safetensors};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};
use tempfile::TempDir;

/// The folder of one of the golden models.
pub fn golden(model: &str) -> PathBuf {
    let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/data"));
    std::env::var_os("ALIGN_GOLDEN").map_or_else(default, PathBuf::from).join("models").join(model)
}

/// A folder that holds one file.
pub fn folder_with(name: &str, bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    folder
}

/// A folder whose `model.safetensors` holds these.
pub fn saved(tensors: &[(&str, Tensor)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    save(&folder.path().join("model.safetensors"), tensors);
    folder
}

pub fn save(path: &Path, tensors: &[(&str, Tensor)]) {
    save_safetensors(path, tensors.iter().map(|(name, tensor)| (*name, tensor)), false).unwrap();
}

/// The message of the error that opening gives.
pub fn refusal(dir: &Path) -> String {
    Checkpoint::open(dir).expect_err("the folder should be refused").to_string()
}

/// The message of the error that a folder with `pytorch_model.bin` of these bytes gives.
pub fn bin_refusal(bytes: &[u8]) -> String {
    refusal(folder_with("pytorch_model.bin", bytes).path())
}

/// `numel` float32 counting from `first`.
pub fn count(first: i64, shape: &[i64]) -> Tensor {
    let numel: i64 = shape.iter().product();
    Tensor::arange_start(first, first + numel, (Kind::Float, Device::Cpu)).reshape(shape)
}

/// Elements of a tensor as float64, in order.
pub fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::<f64>::try_from(tensor.to_kind(Kind::Double).reshape([-1])).unwrap()
}

/// A model of two tensors: `model.wte.weight` `(2, 3)`, tied to `head.weight`, and the head's `norm.bias` `(3)`.
pub fn layout() -> Layout {
    Layout {
        prefix: "model.",
        tensors: vec![TensorSpec::new("model.wte.weight", [2, 3]), TensorSpec::new("norm.bias", [3])],
        tied: Some(("head.weight".to_owned(), "model.wte.weight".to_owned())),
        ignored: |name| name == "h.0.attn.bias",
        strict: true,
    }
}

/// Asserts that a message holds all of these.
#[track_caller]
pub fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}
