//! The same weights read from every checkpoint format are bitwise equal.

use crate::golden_dir;
use align_models::checkpoint::Checkpoint;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

fn open(model: &str) -> Checkpoint {
    Checkpoint::open(&golden_dir().join("models").join(model)).unwrap()
}

/// A checkpoint's tensors by their names without `prefix`, except those for which `left_out` is true.
fn tensors(checkpoint: &Checkpoint, prefix: &str, left_out: impl Fn(&str) -> bool) -> BTreeMap<String, Tensor> {
    let names = checkpoint.entries().iter().map(|entry| entry.name());
    let kept = names.filter(|name| !left_out(name.strip_prefix(prefix).unwrap_or(name)));
    kept.map(|name| (name.strip_prefix(prefix).unwrap_or(name).to_owned(), checkpoint.read(name).unwrap())).collect()
}

fn bytes(tensor: &Tensor) -> Vec<u8> {
    let tensor = tensor.contiguous();
    let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
    tensor.copy_data_u8(&mut bytes, tensor.numel());
    bytes
}

fn assert_same_bits(expected: &BTreeMap<String, Tensor>, found: &BTreeMap<String, Tensor>) {
    assert!(expected.len() > 20, "a model of two layers has more tensors than {}", expected.len());
    let names = |tensors: &BTreeMap<String, Tensor>| tensors.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(expected), names(found));
    for (name, tensor) in expected {
        let other = &found[name];
        assert_eq!((tensor.kind(), tensor.size()), (other.kind(), other.size()), "{name}");
        assert!(bytes(tensor) == bytes(other), "{name} differs");
    }
}

fn is_mask(name: &str) -> bool {
    name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias")
}

#[test]
fn gpt2_is_bitwise_the_same_in_all_three_formats() {
    let head = |name: &str| name == "lm_head.weight";
    let reference = tensors(&open("gpt2-tiny"), "transformer.", head);
    assert_same_bits(&reference, &tensors(&open("gpt2-tiny-bin-zip"), "transformer.", head));
    assert_same_bits(&reference, &tensors(&open("gpt2-tiny-bin-legacy"), "", |name| head(name) || is_mask(name)));
}

#[test]
fn the_tied_head_of_the_zip_is_the_embedding() {
    let checkpoint = open("gpt2-tiny-bin-zip");
    let head = checkpoint.read("lm_head.weight").unwrap();
    assert!(bytes(&head) == bytes(&checkpoint.read("transformer.wte.weight").unwrap()));
}

/// The mask buffers in old files are a lower triangle of ones, and -10,000.
#[test]
fn mask_buffers_of_the_old_format_are_read_too() {
    let checkpoint = open("gpt2-tiny-bin-legacy");
    let masks: Vec<_> = checkpoint.entries().iter().filter(|entry| is_mask(entry.name())).collect();
    assert!(!masks.is_empty());
    for entry in masks {
        let mask = checkpoint.read(entry.name()).unwrap();
        if entry.kind() == Kind::Uint8 {
            let size = mask.size()[3];
            let triangle = Tensor::ones([1, 1, size, size], (Kind::Uint8, Device::Cpu)).tril(0);
            assert!(mask.equal(&triangle), "{}", entry.name());
        } else {
            assert_eq!(
                (mask.kind(), mask.size(), mask.double_value(&[])),
                (Kind::Float, vec![], -1e4),
                "{}",
                entry.name()
            );
        }
    }
}

#[test]
fn distilbert_is_bitwise_the_same_in_both_formats() {
    let reference = tensors(&open("distilbert-tiny"), "", |_| false);
    assert_same_bits(&reference, &tensors(&open("distilbert-tiny-bin-legacy"), "", |_| false));
}
