//! Writing safetensors.

use crate::fixtures::*;
use align_models::checkpoint::{Checkpoint, CheckpointError, save_safetensors};
use safetensors::SafeTensors;
use std::os::unix::fs::PermissionsExt;
use tch::{Device, Kind, Tensor};

#[test]
fn saved_files_are_read_by_this_crate_and_the_reference_implementation() {
    let tensors = [
        ("a.weight", count(-3, &[2, 3])),
        ("b", count(0, &[5]).to_kind(Kind::Half)),
        ("transposed", count(0, &[4, 3]).transpose(0, 1)),
        ("scalar", Tensor::from(-1e4_f32)),
        ("none", Tensor::zeros([0, 2], (Kind::BFloat16, Device::Cpu))),
        ("mask", Tensor::from_slice(&[true, false, true])),
        ("ids", Tensor::from_slice(&[-1_i64, i64::MAX])),
        ("bytes", Tensor::from_slice(&[0_u8, 255])),
        ("pieces", count(0, &[1 << 19, 3])),
    ];
    let folder = saved(&tensors);
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    assert_eq!(checkpoint.entries().len(), tensors.len());
    for (name, tensor) in &tensors {
        let read = checkpoint.read(name).unwrap();
        assert_eq!((read.kind(), read.size()), (tensor.kind(), tensor.size()), "{name}");
        assert!(read.equal(tensor), "{name}");
    }

    let bytes = std::fs::read(folder.path().join("model.safetensors")).unwrap();
    let (header, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(header % 8, 0);
    assert_eq!(metadata.metadata().as_ref().unwrap()["format"], "pt");
    let reference = SafeTensors::deserialize(&bytes).unwrap();
    let transposed: Vec<u8> =
        [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11].iter().flat_map(|x| (*x as f32).to_le_bytes()).collect();
    assert_eq!(reference.tensor("transposed").unwrap().data(), transposed);
}

#[test]
fn parameters_that_require_gradients_are_saved() {
    let weight = count(0, &[3]).set_requires_grad(true);
    let folder = saved(&[("w", weight)]);
    assert_eq!(values(&Checkpoint::open(folder.path()).unwrap().read("w").unwrap()), [0.0, 1.0, 2.0]);
}

#[test]
fn a_file_is_overwritten_only_if_allowed() {
    let folder = saved(&[("w", count(0, &[3]))]);
    let path = folder.path().join("model.safetensors");
    let other = count(5, &[3]);
    let error = save_safetensors(&path, [("w", &other)], false).unwrap_err();
    assert!(matches!(error, CheckpointError::Exists { .. }), "{error}");
    let read = || values(&Checkpoint::open(folder.path()).unwrap().read("w").unwrap());
    assert_eq!(read(), [0.0, 1.0, 2.0]);
    save_safetensors(&path, [("w", &other)], true).unwrap();
    assert_eq!(read(), [5.0, 6.0, 7.0]);
}

/// Others may read it as they may any new file, and nothing else is left in the folder.
#[test]
fn the_file_has_ordinary_permissions_and_no_leftovers() {
    let folder = saved(&[("w", count(0, &[3]))]);
    std::fs::write(folder.path().join("ordinary"), "").unwrap();
    let mode = |name| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("model.safetensors"), mode("ordinary"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn a_failed_save_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let (float, complex) = (count(0, &[3]), Tensor::zeros([2], (Kind::ComplexFloat, Device::Cpu)));
    let error = save_safetensors(&path, [("w", &float), ("c", &complex)], false).unwrap_err();
    assert_says(&error.to_string(), &["`c`", "ComplexFloat"]);
    let error = save_safetensors(&path, [("w", &float), ("v", &float), ("w", &float)], false).unwrap_err();
    assert_says(&error.to_string(), &["`w`", "twice"]);
    let error = save_safetensors(&path, [("__metadata__", &float)], false).unwrap_err();
    assert_says(&error.to_string(), &["__metadata__"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let error = save_safetensors(&folder.path().join("no/model.safetensors"), [("w", &float)], false).unwrap_err();
    assert!(matches!(error, CheckpointError::Io { .. }), "{error}");
}
