//! Pickles that try to execute code or exhaust memory or the stack. All must be rejected quickly.

use crate::fixtures::*;
use crate::pickles::*;
use align_models::checkpoint::{Checkpoint, CheckpointError};

/// The error for a pickle instead of a state dict, which must be equal in both formats.
fn refused(pickle: &Pickle) -> (CheckpointError, String) {
    let bytes = pickle.clone().stop();
    let open = |file: &[u8]| {
        let folder = folder_with("pytorch_model.bin", file);
        Checkpoint::open(folder.path()).expect_err("the pickle should be refused")
    };
    let (new, old) = (open(&torch_zip(&bytes, &[])), open(&legacy_file(bytes, &[])));
    // The formats differ in the path and in how many bytes stand behind the pickle.
    let reason = |error: &CheckpointError| {
        let message = error.to_string();
        let reason = message.split_once(": ").unwrap().1;
        reason.split(" should follow").next().unwrap().to_owned()
    };
    assert_eq!(reason(&new), reason(&old));
    let message = new.to_string();
    (new, message)
}

#[track_caller]
fn assert_unsafe(pickle: &Pickle, parts: &[&str]) {
    let (error, message) = refused(pickle);
    assert!(matches!(error, CheckpointError::Unsafe { .. }), "{message}");
    assert_says(&message, parts);
    assert_says(&message, &["rejected", "no code in the file was executed"]);
}

#[track_caller]
fn assert_malformed(pickle: &Pickle, parts: &[&str]) {
    let (error, message) = refused(pickle);
    assert!(matches!(error, CheckpointError::Malformed { .. }), "{message}");
    assert_says(&message, parts);
    assert!(message.len() < 1000, "{message}");
}

#[test]
fn code_is_rejected_by_name() {
    let marker = tempfile::tempdir().unwrap();
    let touched = marker.path().join("touched");
    let command = format!("touch {}", touched.display());
    for (module, name) in [("os", "system"), ("posix", "system"), ("builtins", "eval"), ("subprocess", "Popen")] {
        let call = Pickle::new().global(module, name).raw(b"(").text(&command).raw(b"tR");
        assert_unsafe(&call, &[&format!("`{module}.{name}`")]);
        let stack_global = Pickle::new().text(module).text(name).raw(b"\x93(").text(&command).raw(b"tR");
        assert_unsafe(&stack_global, &[&format!("`{module}.{name}`")]);
    }
    assert!(!touched.exists());
}

#[test]
fn only_globals_of_state_dicts_are_allowed() {
    let unknown = [
        ("torch", "load"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__"),
        ("torch", "_utils"),
        ("torch", "QInt8Storage"),
        ("torch", "Storage"),
        ("torch", "os.Storage"),
        ("collections", "defaultdict"),
        ("numpy.core.multiarray", "scalar"),
        ("", ""),
    ];
    for (module, name) in unknown {
        assert_unsafe(&Pickle::new().global(module, name), &[&format!("`{module}.{name}`")]);
    }
}

#[test]
fn allowed_globals_cannot_be_called_arbitrarily() {
    assert_unsafe(
        &Pickle::new().global("torch", "FloatStorage").raw(b"(").int(1 << 60).raw(b"tR"),
        &["would call torch"],
    );
    assert_unsafe(&Pickle::new().text("eval").raw(b"(").text("1").raw(b"tR"), &["would call a string"]);
    assert_unsafe(&Pickle::new().global("torch", "FloatStorage").raw(b"}b"), &["set attributes of a class"]);
    let model = Pickle::new().raw(b"(").text("module").text("x").raw(b"tQ");
    assert_unsafe(&model, &["whole model"]);
}

#[test]
fn other_opcodes_that_create_objects_are_rejected() {
    // INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT1, PERSID, DUP, and no opcode at all.
    for opcode in [b'i', b'o', 0x81, 0x92, 0x82, b'P', b'2', 0xff] {
        assert_malformed(&Pickle::new().raw(b"}").raw(&[opcode]), &[&format!("0x{opcode:02x}"), "torch.save"]);
    }
}

#[test]
fn names_are_escaped() {
    assert_unsafe(&Pickle::new().global("os\u{1b}[2J", "system"), &["`os\\u{1b}[2J.system`"]);
    assert_malformed(&Pickle::new().global(&"m".repeat(5000), "x"), &["longer than 1024 bytes"]);
    let (_, message) = refused(&Pickle::new().global(&"m".repeat(1000), "x"));
    assert!(message.len() < 600, "{message}");
}

#[test]
fn lengths_are_checked() {
    assert_malformed(&Pickle::new().raw(b"X\xff\xff\xff\xff"), &["too early"]);
    assert_malformed(&Pickle::new().raw(b"X\x00\x00\x00\x01"), &["too early"]);
    assert_malformed(&Pickle::new().raw(b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff"), &["too early"]);
    assert_malformed(&Pickle::new().raw(b"B\xff\xff\xff\x7f"), &["too early"]);
    assert_malformed(&Pickle::new().raw(b"T\xff\xff\xff\xff"), &["too early"]);
}

/// A string of 64 MiB that the file really holds, as a hole.
#[test]
fn pickles_have_a_size_limit() {
    let text = 64_u32 << 20;
    let start = [legacy_preamble(true), Pickle::new().raw(b"X").raw(&text.to_le_bytes()).0].concat();
    let folder = folder_with("pytorch_model.bin", &start);
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join("pytorch_model.bin")).unwrap();
    file.set_len(start.len() as u64 + u64::from(text) + 100).unwrap();
    assert_says(&refusal(folder.path()), &["longer than 16777216 bytes"]);
}

/// A pickle that begins with 12 MB of bytes and drops them, so that the file is large enough for many values.
fn roomy() -> Pickle {
    let bytes = 12_u32 << 20;
    Pickle::new().raw(b"B").raw(&bytes.to_le_bytes()).raw(&vec![0; bytes as usize]).raw(b"0")
}

/// Opcodes of one or two bytes that make values of forty: refused long before they fill the memory.
#[test]
fn the_memory_of_values_is_limited() {
    for opcodes in [&b"]"[..], b")", b"}", b"N", b"(", b"]0", b"\x8c\x00", b"N\x94", b"))\x86"] {
        assert_malformed(&Pickle::new().raw(&opcodes.repeat(300_000)), &["many times the size of the file"]);
    }
}

#[test]
fn deep_nesting_is_harmless() {
    let deep = |opcodes: &[u8]| roomy().raw(b")").raw(&opcodes.repeat(200_000));
    assert_malformed(&deep(b"\x85"), &["holds a tuple, not a state dict"]);
    assert_malformed(&roomy().raw(&b"]".repeat(200_000)).raw(&b"a".repeat(199_999)), &["holds a list"]);
    assert_malformed(&roomy().raw(&b"(".repeat(500_000)), &["empty stack"]);
    // A list that holds itself.
    assert_malformed(&Pickle::new().raw(b"]q\x00h\x00a"), &["holds a list"]);
    // A dict whose only entry is itself.
    assert_malformed(&Pickle::new().raw(b"}q\x00").text("w").raw(b"h\x00s"), &["no tensors"]);
}

#[test]
fn exponential_sharing_is_harmless() {
    // Each list holds its predecessor ten times over: 10^40 values if it were written out.
    let mut laughs = Pickle::new().raw(b"]q\x00");
    for level in 1..=40_u8 {
        laughs = laughs.raw(b"](").raw(&[b'h', level - 1].repeat(10)).raw(&[b'e', b'q', level]);
    }
    assert_malformed(&laughs, &["holds a list"]);
}

#[test]
fn the_number_of_steps_is_limited() {
    assert_malformed(&Pickle::new().raw(&b"N0".repeat(600_000)), &["more than 1048576 steps"]);
    // An OrderedDict of 1,000 pairs, built again and again from the same list.
    let pairs = roomy().raw(b"](").raw(&b"(NNt".repeat(1000)).raw(b"e\x85q\x00");
    let dict = b"ccollections\nOrderedDict\nh\x00R0";
    assert_malformed(&pairs.raw(&dict.repeat(2000)), &["more than 1048576 steps"]);
    // Memo numbers are a map's keys, not an array's size.
    assert_malformed(&Pickle::new().raw(b"]r\xff\xff\xff\xffj\xff\xff\xff\xffa"), &["holds a list"]);
}

#[test]
fn invalid_opcode_sequences_are_rejected() {
    let broken: [(&[u8], &str); 16] = [
        (b"", "empty stack"),
        (b"0", "empty stack"),
        (b"R", "empty stack"),
        (b"t", "mark"),
        (b"N(0", "empty stack"),
        (b"N(\x85", "more values"),
        (b"\x87", "more values"),
        (b"h\x05", "never stored"),
        (b"q\x05", "empty stack"),
        (b"NNa", "appends to None"),
        (b"NNNs", "sets items of None"),
        (b"}(Nu", "without a value"),
        (b"NQ", "persistent id is None"),
        (b")Q", "0 items"),
        (b"NN\x93", "something else than strings"),
        (b"\x80\x09", "protocol 9"),
    ];
    for (opcodes, reason) in broken {
        assert_malformed(&Pickle::new().raw(opcodes), &[reason]);
    }
    let rebuild = |args: &[u8]| Pickle::new().global("torch._utils", "_rebuild_tensor_v2").raw(args).raw(b"R");
    assert_malformed(&rebuild(b")"), &["_rebuild_tensor_v2", "0 arguments"]);
    assert_malformed(&rebuild(b"N"), &["given None as arguments"]);
    assert_malformed(&rebuild(b"(NNNNNNt"), &["something else than a storage"]);
    assert_malformed(&Pickle::new().raw(b"X\x02\0\0\0\xff\xff"), &["not UTF-8"]);
    let negative = Storage { numel: -1, ..zip_floats("0", 0) };
    assert_malformed(&Pickle::new().storage(&negative), &["-1 elements"]);
}

/// The same storage described twice, once as if its elements were larger.
#[test]
fn inconsistent_storage_descriptions_are_rejected() {
    let small = legacy_floats("7", 2);
    let large = Storage { class: "DoubleStorage", ..small };
    let pickle = Pickle::new().raw(b"}(").text("a").tensor(&small, 0, &[2], &[1]);
    let pickle = pickle.text("b").tensor(&large, 0, &[2], &[1]).raw(b"u");
    let file = legacy_file(pickle.stop(), &[("7", 2, float_bytes([1.0, 2.0]))]);
    assert_says(&bin_refusal(&file), &["storage `7` in two ways"]);
}
