//! `pytorch_model.bin` in both of torch's formats.

use crate::fixtures::*;
use crate::pickles::*;
use align_models::checkpoint::{Checkpoint, Layout, TensorSpec, load};
use tch::{Device, Kind, Tensor};
use zip::CompressionMethod;

/// A state dict of one tensor `w`.
fn of_one(storage: &Storage, offset: i64, shape: &[i64], strides: &[i64]) -> Vec<u8> {
    Pickle::new().raw(b"}").text("w").tensor(storage, offset, shape, strides).raw(b"s").stop()
}

/// The same tensor `w` over a storage of 0, 1, …, 11 in the newer and in the older format.
fn both_formats(offset: i64, shape: &[i64], strides: &[i64]) -> [Vec<u8>; 2] {
    let bytes = float_bytes((0..12).map(|i| i as f32));
    let new = of_one(&zip_floats("0", 12), offset, shape, strides);
    let old = of_one(&legacy_floats("94109", 12), offset, shape, strides);
    [torch_zip(&new, &[("0", bytes.clone())]), legacy_file(old, &[("94109", 12, bytes)])]
}

fn read(bytes: &[u8], name: &str) -> Tensor {
    let folder = folder_with("pytorch_model.bin", bytes);
    Checkpoint::open(folder.path()).unwrap().read(name).unwrap()
}

#[test]
fn strided_views_are_read() {
    let storage = count(0, &[12]);
    let views: [(i64, &[i64], &[i64]); 8] = [
        (0, &[3, 4], &[4, 1]),
        (0, &[4, 3], &[1, 4]),
        (1, &[2, 2, 2], &[6, 1, 2]),
        (5, &[3], &[2]),
        (11, &[], &[]),
        (2, &[1, 5], &[77, 1]),
        (12, &[0, 3], &[3, 1]),
        (0, &[2, 3], &[0, 4]),
    ];
    for (offset, shape, strides) in views {
        let expected = if shape.contains(&0) {
            Tensor::zeros(shape, (Kind::Float, Device::Cpu))
        } else {
            storage.as_strided(shape, strides, offset)
        };
        for file in both_formats(offset, shape, strides) {
            let tensor = read(&file, "w");
            assert_eq!(tensor.size(), shape);
            assert!(tensor.equal(&expected), "{offset} {shape:?} {strides:?}: {tensor}");
        }
    }
}

#[test]
fn views_outside_their_storage_are_rejected() {
    let max = i64::MAX;
    let views: [(i64, &[i64], &[i64]); 9] = [
        (0, &[13], &[1]),
        (1, &[12], &[1]),
        (0, &[2, 2], &[11, 1]),
        (-1, &[2], &[1]),
        (max, &[2], &[1]),
        (0, &[2], &[max]),
        (0, &[3, 3], &[max, max]),
        (0, &[max, max], &[0, 0]),
        (0, &[2, 2], &[1]),
    ];
    for (offset, shape, strides) in views {
        for file in both_formats(offset, shape, strides) {
            assert_says(&bin_refusal(&file), &["pytorch_model.bin", "tensor `w`"]);
        }
    }
    for file in both_formats(0, &[-2], &[1]).into_iter().chain(both_formats(0, &[2], &[-1])) {
        assert_says(&bin_refusal(&file), &["tensor `w`: has -"]);
    }
    for file in both_formats(0, &[1; 17], &[1; 17]) {
        assert_says(&bin_refusal(&file), &["17 dimensions"]);
    }
}

/// A few bytes may claim to be a tensor of any size by repeating themselves.
#[test]
fn expanded_views_are_rejected() {
    for file in both_formats(0, &[1 << 40, 2], &[0, 1]) {
        let folder = folder_with("pytorch_model.bin", &file);
        let checkpoint = Checkpoint::open(folder.path()).unwrap();
        assert_says(&checkpoint.read("w").unwrap_err().to_string(), &["tensor `w`", "repeats elements"]);
    }
}

#[test]
fn tensors_that_share_a_storage_are_views_of_it() {
    let (new, old) = (zip_floats("0", 12), legacy_floats("94109", 12));
    let state_dict = |storage: &Storage| {
        let pickle = Pickle::new().global("collections", "OrderedDict").raw(b")R(");
        let pickle = pickle.text("a").tensor(storage, 0, &[2, 3], &[3, 1]);
        pickle.text("b").tensor(storage, 3, &[2], &[1]).raw(b"u").stop()
    };
    let bytes = float_bytes((0..12).map(|i| i as f32));
    let files =
        [torch_zip(&state_dict(&new), &[("0", bytes.clone())]), legacy_file(state_dict(&old), &[("94109", 12, bytes)])];
    for file in files {
        assert_eq!(values(&read(&file, "a")), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(values(&read(&file, "b")), [3.0, 4.0]);
    }
}

#[test]
fn every_dtype_is_read() {
    let classes = [
        ("DoubleStorage", Kind::Double),
        ("FloatStorage", Kind::Float),
        ("HalfStorage", Kind::Half),
        ("BFloat16Storage", Kind::BFloat16),
        ("LongStorage", Kind::Int64),
        ("IntStorage", Kind::Int),
        ("ShortStorage", Kind::Int16),
        ("CharStorage", Kind::Int8),
        ("ByteStorage", Kind::Uint8),
        ("BoolStorage", Kind::Bool),
    ];
    for (class, kind) in classes {
        let expected = Tensor::from_slice(&[0_i64, 1, 1]).to_kind(kind);
        let mut bytes = vec![0; 3 * kind.elt_size_in_bytes()];
        expected.copy_data_u8(&mut bytes, 3);
        let new = of_one(&Storage { class, ..zip_floats("0", 3) }, 0, &[3], &[1]);
        let old = of_one(&Storage { class, ..legacy_floats("7", 3) }, 0, &[3], &[1]);
        for file in [torch_zip(&new, &[("0", bytes.clone())]), legacy_file(old, &[("7", 3, bytes.clone())])] {
            let tensor = read(&file, "w");
            assert_eq!(tensor.kind(), kind);
            assert!(tensor.equal(&expected), "{class}");
        }
    }
}

#[test]
fn parameters_metadata_and_other_entries_are_accepted() {
    let storage = zip_floats("0", 2);
    let pickle = Pickle::new().global("collections", "OrderedDict").raw(b")R(");
    let pickle = pickle.text("w").global("torch._utils", "_rebuild_parameter").raw(b"(");
    let pickle = pickle.tensor(&storage, 0, &[2], &[1]).raw(b"\x88").global("collections", "OrderedDict").raw(b")RtR");
    let pickle = pickle.text("epoch").int(3).text("name").text("x").text("loss").raw(b"G\0\0\0\0\0\0\0\0u");
    let pickle = pickle.raw(b"}").text("_metadata").raw(b"}").text("").raw(b"}ssb");
    let file = torch_zip(&pickle.stop(), &[("0", float_bytes([1.0, 2.0]))]);
    let folder = folder_with("pytorch_model.bin", &file);
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    assert_eq!(checkpoint.entries().len(), 1);
    assert_eq!(values(&checkpoint.read("w").unwrap()), [1.0, 2.0]);
}

/// As torch 0.1 wrote them under Python 2: byte strings, an OrderedDict of pairs, the first rebuilding function.
#[test]
fn the_oldest_pickles_are_read() {
    let storage = legacy_floats("7", 3);
    let pickle = Pickle::new().global("collections", "OrderedDict").raw(b"(](](U\x01w");
    let pickle = pickle.global("torch._utils", "_rebuild_tensor").raw(b"(").storage(&storage).int(1);
    let state_dict = pickle.ints(&[2]).ints(&[1]).raw(b"tReetR").stop();
    let file = legacy_file(state_dict, &[("7", 3, float_bytes([1.0, 2.0, 3.0]))]);
    assert_eq!(values(&read(&file, "w")), [2.0, 3.0]);
}

#[test]
fn views_of_storages_in_the_older_format_are_read() {
    let bytes = float_bytes([1.0, 2.0, 3.0, 4.0]);
    let view = |first, numel| Storage { view: Some(View::Part(first, numel)), ..legacy_floats("7", 4) };
    let file =
        |first, numel, shape| legacy_file(of_one(&view(first, numel), 0, &[shape], &[1]), &[("7", 4, bytes.clone())]);
    assert_eq!(values(&read(&file(1, 2, 2), "w")), [2.0, 3.0]);
    assert_says(&bin_refusal(&file(1, 2, 3)), &["tensor `w`", "beyond its storage of 2"]);
    assert_says(&bin_refusal(&file(3, 2, 2)), &["beyond its storage"]);
    assert_says(&bin_refusal(&file(i64::MAX, 2, 2)), &["beyond its storage"]);
}

#[test]
fn missing_storages_in_the_older_format_are_rejected() {
    let state_dict = of_one(&legacy_floats("7", 2), 0, &[2], &[1]);
    let bytes = float_bytes([1.0, 2.0]);
    let good = legacy_file(state_dict.clone(), &[("7", 2, bytes.clone())]);
    assert_eq!(values(&read(&good, "w")), [1.0, 2.0]);
    for cut in 1..=16 {
        assert_says(&bin_refusal(&good[..good.len() - cut]), &["truncated"]);
    }
    assert_says(&bin_refusal(&legacy_file(state_dict.clone(), &[])), &["no storage `7`"]);
    assert_says(&bin_refusal(&legacy_file(state_dict.clone(), &[("8", 2, bytes.clone())])), &["unknown storage `8`"]);
    let wrong = legacy_file(state_dict.clone(), &[("7", -2, bytes.clone())]);
    assert_says(&bin_refusal(&wrong), &["storage `7` should hold 2 elements, it says -2"]);
    let twice = legacy_file(state_dict, &[("7", 2, bytes.clone()), ("7", 2, bytes)]);
    assert_says(&bin_refusal(&twice), &["`7` twice"]);
}

#[test]
fn the_older_formats_preamble_is_checked() {
    let state_dict = of_one(&legacy_floats("7", 2), 0, &[2], &[1]);
    let big = [legacy_preamble(false), state_dict].concat();
    assert_says(&bin_refusal(&big), &["big-endian"]);
    let magic = legacy_preamble(true)[..15].to_vec();
    assert_says(&bin_refusal(&[magic, Pickle::new().int(1002).stop()].concat()), &["unknown version", "1001"]);
}

#[test]
fn missing_storages_in_the_newer_format_are_rejected() {
    let state_dict = of_one(&zip_floats("0", 2), 0, &[2], &[1]);
    let bytes = float_bytes([1.0, 2.0]);
    assert_says(&bin_refusal(&torch_zip(&state_dict, &[("1", bytes.clone())])), &["no storage `0`"]);
    for len in [0, 4, 7] {
        let file = torch_zip(&state_dict, &[("0", bytes[..len].to_vec())]);
        assert_says(&bin_refusal(&file), &["storage `0` should be 2", &format!("{len} bytes long")]);
    }
    let vast = of_one(&zip_floats("0", i64::MAX), 0, &[2], &[1]);
    assert_says(&bin_refusal(&torch_zip(&vast, &[("0", bytes)])), &["storage `0` should be 9223372036854775807"]);
}

#[test]
fn other_archives_are_rejected_with_their_kind() {
    let state_dict = of_one(&zip_floats("0", 2), 0, &[2], &[1]);
    let stored = |members: &[(&str, &[u8])]| bin_refusal(&zip_file(members, CompressionMethod::Stored));
    assert_says(&stored(&[("word/document.xml", b"")]), &["without data.pkl"]);
    assert_says(&stored(&[("data.pkl", &state_dict)]), &["without data.pkl"]);
    assert_says(&stored(&[("a/data.pkl", &state_dict), ("b/data.pkl", &state_dict)]), &["more than one data.pkl"]);
    assert_says(&stored(&[("a/data.pkl", &state_dict), ("a/constants.pkl", b"")]), &["TorchScript", "state_dict()"]);
    assert_says(&stored(&[("a/data.pkl", &state_dict), ("a/byteorder", b"big")]), &["byte order \"big\""]);
}

#[test]
fn damaged_storages_are_detected() {
    let state_dict = of_one(&zip_floats("0", 2), 0, &[2], &[1]);
    let bytes = float_bytes([1.5, 2.5]);
    let mut file = torch_zip(&state_dict, &[("0", bytes.clone())]);
    let at = file.windows(8).position(|window| window == bytes).unwrap();
    file[at] ^= 1;
    let folder = folder_with("pytorch_model.bin", &file);
    let error = Checkpoint::open(folder.path()).unwrap().read("w").unwrap_err();
    assert_says(&error.to_string(), &["tensor `w`", "checksum"]);
}

#[test]
fn other_pickles_than_state_dicts_are_rejected() {
    let zip = |pickle: Pickle| bin_refusal(&torch_zip(&pickle.stop(), &[("0", float_bytes([1.0, 2.0]))]));
    let storage = zip_floats("0", 2);
    assert_says(&zip(Pickle::new().tensor(&storage, 0, &[2], &[1])), &["holds a tensor, not a state dict"]);
    assert_says(&zip(Pickle::new().raw(b"]")), &["holds a list, not a state dict"]);
    let nested =
        Pickle::new().raw(b"}").text("state_dict").raw(b"}").text("w").tensor(&storage, 0, &[2], &[1]).raw(b"ss");
    assert_says(&zip(nested), &["no tensors at its top level, only state_dict"]);
    let unnamed = Pickle::new().raw(b"}").int(1).tensor(&storage, 0, &[2], &[1]).raw(b"s");
    assert_says(&zip(unnamed), &["an integer where the name"]);
    let twice = Pickle::new().raw(b"}(").text("w").tensor(&storage, 0, &[2], &[1]);
    assert_says(&zip(twice.text("w").tensor(&storage, 0, &[2], &[1]).raw(b"u")), &["`w` twice"]);
}

#[test]
fn other_files_are_rejected_with_their_kind() {
    let mut tar = vec![0; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    assert_says(&bin_refusal(&tar), &["tar format", "save it again"]);
    assert_says(&bin_refusal(&Pickle::new().raw(b"}").stop()), &["a pickle, but not one that torch.save wrote"]);
    assert_says(&bin_refusal(b"some text"), &["was not written by torch.save"]);
    assert_says(&bin_refusal(b"PK\x03\x04"), &["truncated"]);
}

#[test]
fn a_truncated_archive_is_rejected() {
    let whole = std::fs::read(golden("gpt2-tiny-bin-zip").join("pytorch_model.bin")).unwrap();
    for len in [whole.len() - 1, whole.len() - 22, whole.len() - 50, whole.len() / 2, 100] {
        assert_says(&bin_refusal(&whole[..len]), &["truncated"]);
    }
}

/// A tied head in a `.bin` shares the embedding's storage; a layout that ties them reads it once.
#[test]
fn the_tied_head_of_the_golden_archive_is_read_once() {
    let checkpoint = Checkpoint::open(&golden("gpt2-tiny-bin-zip")).unwrap();
    let tensors = checkpoint.entries().iter().filter(|entry| entry.name() != "lm_head.weight");
    let layout = Layout {
        prefix: "transformer.",
        tensors: tensors.map(|entry| TensorSpec::new(entry.name(), entry.shape())).collect(),
        tied: Some(("lm_head.weight".to_owned(), "transformer.wte.weight".to_owned())),
        ignored: |name| name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias"),
        strict: true,
    };
    for model in ["gpt2-tiny", "gpt2-tiny-bin-zip", "gpt2-tiny-bin-legacy"] {
        let loaded = load(&golden(model), &layout, Kind::Float, Device::Cpu).unwrap();
        let names: Vec<_> = loaded.iter().map(|(name, _)| name.as_str()).collect();
        let expected: Vec<_> = layout.tensors.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names, expected, "{model}");
    }
}

/// A thousand weights over one storage of 40 KB would be 40 MB.
#[test]
fn many_weights_that_share_a_storage_are_rejected() {
    let (count, numel) = (1000, 10_000);
    let names: Vec<String> = (0..count).map(|i| format!("w{i}")).collect();
    let state_dict = |storage: &Storage| {
        let pickle = Pickle::new().global("collections", "OrderedDict").raw(b")R(");
        let pickle = names.iter().fold(pickle, |pickle, name| pickle.text(name).tensor(storage, 0, &[numel], &[1]));
        pickle.raw(b"u").stop()
    };
    let bytes = float_bytes((0..numel).map(|i| i as f32));
    let (new, old) = (zip_floats("0", numel), legacy_floats("94109", numel));
    let files = [
        torch_zip(&state_dict(&new), &[("0", bytes.clone())]),
        legacy_file(state_dict(&old), &[("94109", numel, bytes)]),
    ];
    let layout = |tensors: &[String]| Layout {
        prefix: "",
        tensors: tensors.iter().map(|name| TensorSpec::new(name.as_str(), [numel])).collect(),
        tied: None,
        ignored: |_| true,
        strict: false,
    };
    for file in files {
        let folder = folder_with("pytorch_model.bin", &file);
        let problem = load(folder.path(), &layout(&names), Kind::Float, Device::Cpu).unwrap_err().to_string();
        assert_says(&problem, &["pytorch_model.bin", "40000000 bytes of weights", "share their storage", ".clone()"]);
        // Two may share, as an embedding and the output projection do.
        let two = load(folder.path(), &layout(&names[..2]), Kind::Float, Device::Cpu).unwrap();
        assert!(two[0].1.equal(&two[1].1));
    }
}

/// torch writes them with a function and a dtype that its older dtypes do not need.
#[test]
fn eight_bit_floats_are_rejected() {
    for (module, name) in [("torch._utils", "_rebuild_tensor_v3"), ("torch", "float8_e4m3fn")] {
        let state = Pickle::new().raw(b"}").text("w").global(module, name).raw(b"s").stop();
        assert_says(&bin_refusal(&torch_zip(&state, &[])), &["pytorch_model.bin", "float of 8 bits", "bfloat16"]);
    }
}
