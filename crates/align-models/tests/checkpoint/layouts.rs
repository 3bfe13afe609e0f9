//! Matching of stored names and shapes with those that a model expects.

use crate::fixtures::*;
use align_models::checkpoint::{CheckpointError, Layout, Mismatch, TensorSpec, load};
use tch::{Device, Kind, Tensor};

fn names(tensors: &[(&str, Tensor)]) -> Vec<String> {
    let folder = saved(tensors);
    let loaded = load(folder.path(), &layout(), Kind::Float, Device::Cpu).unwrap();
    loaded.into_iter().map(|(name, _)| name).collect()
}

fn mismatch(tensors: &[(&str, Tensor)], layout: &Layout) -> (Mismatch, String) {
    let folder = saved(tensors);
    let error = load(folder.path(), layout, Kind::Float, Device::Cpu).unwrap_err();
    let message = error.to_string();
    match error {
        CheckpointError::Mismatch { mismatch, .. } => (mismatch, message),
        _ => panic!("{message}"),
    }
}

fn wte() -> Tensor {
    count(0, &[2, 3])
}

fn bias() -> Tensor {
    count(10, &[3])
}

#[test]
fn names_are_accepted_with_and_without_the_prefix() {
    let full = ["model.wte.weight", "norm.bias"];
    assert_eq!(names(&[("model.wte.weight", wte()), ("norm.bias", bias())]), full);
    assert_eq!(names(&[("norm.bias", bias()), ("wte.weight", wte())]), full);
}

#[test]
fn tensors_are_returned_in_the_order_of_the_layout() {
    let folder = saved(&[("norm.bias", bias()), ("wte.weight", wte())]);
    let loaded = load(folder.path(), &layout(), Kind::Float, Device::Cpu).unwrap();
    assert_eq!(loaded[0].1.size(), [2, 3]);
    assert_eq!(values(&loaded[0].1), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(values(&loaded[1].1), [10.0, 11.0, 12.0]);
}

#[test]
fn mask_buffers_are_ignored_with_and_without_the_prefix() {
    for name in ["h.0.attn.bias", "model.h.0.attn.bias"] {
        assert_eq!(names(&[("wte.weight", wte()), ("norm.bias", bias()), (name, count(0, &[4]))]).len(), 2);
    }
}

#[test]
fn one_error_lists_all_mismatches() {
    let stored = [("norm.bias", count(0, &[4])), ("z.weight", bias()), ("a.weight", bias())];
    let (found, message) = mismatch(&stored, &layout());
    assert_eq!(found.missing, ["model.wte.weight"]);
    assert_eq!(found.unexpected, ["a.weight", "z.weight"]);
    assert_eq!(found.mismatched, ["norm.bias: expected shape [3], found [4]"]);
    assert_says(&message, &["model.safetensors", "config.json", "missing (1)", "unexpected (2)", "[3], found [4]"]);
}

#[test]
fn long_lists_are_truncated_with_their_count() {
    let names: Vec<String> = (0..25).map(|i| format!("h.{i:02}.weight")).collect();
    let tensors = names.iter().rev().map(|name| TensorSpec::new(name.as_str(), [1])).collect();
    let (found, message) = mismatch(&[], &Layout { tensors, tied: None, ..layout() });
    assert_eq!(found.missing, names);
    assert_says(&message, &["missing (25)", "h.19.weight\n    and 5 more"]);
    assert!(!message.contains("h.20.weight"));
}

#[test]
fn one_tensor_under_two_names_is_rejected() {
    let (found, message) =
        mismatch(&[("wte.weight", wte()), ("model.wte.weight", wte()), ("norm.bias", bias())], &layout());
    assert_eq!(found.ambiguous.len(), 1);
    assert_says(&message, &["more than once", "model.wte.weight", "and wte.weight"]);
}

#[test]
fn names_from_the_file_are_escaped() {
    let (_, message) = mismatch(&[("\u{1b}[31m\n", bias()), ("wte.weight", wte()), ("norm.bias", bias())], &layout());
    assert_says(&message, &["\\u{1b}[31m\\n"]);
}

#[test]
fn either_name_of_tied_weights_is_sufficient() {
    assert_eq!(names(&[("head.weight", wte()), ("norm.bias", bias())]), ["model.wte.weight", "norm.bias"]);
    let both = [("head.weight", wte()), ("wte.weight", wte()), ("norm.bias", bias())];
    assert_eq!(names(&both), ["model.wte.weight", "norm.bias"]);
}

/// transformers 5 leaves such weights untied and warns.
#[test]
fn an_alias_with_different_values_is_returned_last() {
    let folder = saved(&[("head.weight", wte() + 1.0), ("wte.weight", wte()), ("norm.bias", bias())]);
    let loaded = load(folder.path(), &layout(), Kind::Float, Device::Cpu).unwrap();
    let names: Vec<_> = loaded.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["model.wte.weight", "norm.bias", "head.weight"]);
    assert_eq!(values(&loaded[2].1), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn a_misshapen_alias_is_an_error_whether_or_not_its_source_is_stored() {
    let expected = ["head.weight: expected shape [2, 3], found [3]"];
    let (found, _) = mismatch(&[("head.weight", bias()), ("wte.weight", wte()), ("norm.bias", bias())], &layout());
    assert_eq!(found.mismatched, expected);
    let (found, _) = mismatch(&[("head.weight", bias()), ("norm.bias", bias())], &layout());
    assert_eq!(found.mismatched, expected);
}

#[test]
fn an_alias_is_unexpected_without_tied_weights() {
    let untied = Layout { tied: None, ..layout() };
    let (found, _) = mismatch(&[("head.weight", wte()), ("wte.weight", wte()), ("norm.bias", bias())], &untied);
    assert_eq!(found.unexpected, ["head.weight"]);
}

#[test]
fn every_floating_point_dtype_is_converted() {
    // Exact in bfloat16, so that every conversion must give the same.
    let exact = Tensor::from_slice(&[-1.5_f64, 0.0, 0.25, 3.0, 1024.0, -0.0078125]).reshape([2, 3]);
    for stored in [Kind::Half, Kind::BFloat16, Kind::Float, Kind::Double] {
        for wanted in [Kind::Half, Kind::BFloat16, Kind::Float, Kind::Double] {
            let folder = saved(&[("wte.weight", exact.to_kind(stored)), ("norm.bias", bias())]);
            let loaded = load(folder.path(), &layout(), wanted, Device::Cpu).unwrap();
            assert_eq!(loaded[0].1.kind(), wanted);
            assert_eq!(values(&loaded[0].1), values(&exact), "{stored:?} to {wanted:?}");
        }
    }
}

#[test]
fn integer_tensors_are_rejected_as_weights() {
    let (found, _) = mismatch(&[("wte.weight", wte().to_kind(Kind::Int8)), ("norm.bias", bias())], &layout());
    assert_eq!(found.mismatched.len(), 1);
    assert_says(&found.mismatched[0], &["model.wte.weight", "Int8", "floating-point"]);
}

/// Weights larger than a piece of reading, so that pieces must meet without gap or overlap.
#[test]
fn large_tensors_are_read_in_pieces() {
    let shape = [1031, 1021];
    let layout = Layout { tensors: vec![TensorSpec::new("w", shape)], tied: None, ..layout() };
    let large = count(0, &shape);
    let folder = saved(&[("w", large.shallow_clone())]);
    let loaded = load(folder.path(), &layout, Kind::Float, Device::Cpu).unwrap();
    assert!(loaded[0].1.equal(&large));
    let loaded = load(folder.path(), &layout, Kind::BFloat16, Device::Cpu).unwrap();
    assert!(loaded[0].1.equal(&large.to_kind(Kind::BFloat16)));
}

/// Tensors of another head are ignored as in transformers, with any dtype.
#[test]
fn tensors_of_unknown_modules_are_ignored() {
    let loose = Layout { strict: false, ..layout() };
    let load_all = |extra: &str| {
        let extra = (extra, count(0, &[4]).to_kind(Kind::Int64));
        let folder = saved(&[("wte.weight", wte()), ("norm.bias", bias()), extra]);
        load(folder.path(), &loose, Kind::Float, Device::Cpu)
    };
    for name in ["v_head.summary.weight", "model.v_head.summary.bias", "score.weight", "vocab_projector.bias", "step"] {
        assert_eq!(load_all(name).unwrap().len(), 2, "{name}");
    }
    for name in ["wte.bias", "model.wte.lora_A.weight", "norm.weight", "head.bias"] {
        assert_says(&load_all(name).unwrap_err().to_string(), &["unexpected (1)", name]);
    }
    // If a tensor is missing, the error lists unknown tensors too.
    let (found, _) = mismatch(&[("module.wte.weight", wte()), ("norm.bias", bias())], &loose);
    assert_eq!((found.missing, found.unexpected), (vec!["model.wte.weight".into()], vec!["module.wte.weight".into()]));
}
