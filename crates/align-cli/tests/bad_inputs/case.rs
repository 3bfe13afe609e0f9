//! What a bad input is, and the files that most of them begin with.

use crate::support::{kept, run};
use std::fs;
use std::path::Path;

/// The command of a run of two steps with a checkpoint after each, and more options.
macro_rules! short_run {
    ($more:literal) => {
        concat!(
            "dpo --train-file pairs.jsonl --output-dir run --max-steps 2 --per-device-train-batch-size 2 ",
            "--save-strategy steps --save-steps 1",
            $more
        )
    };
}
pub(crate) use short_run;

/// A bad input: what it is, how it comes about, the command, and what the message must hold.
pub struct Case {
    pub what: &'static str,
    pub make: fn(&Path),
    pub command: &'static str,
    pub says: &'static [&'static str],
}

pub const fn case(what: &'static str, make: fn(&Path), command: &'static str, says: &'static [&'static str]) -> Case {
    Case { what, make, command, says }
}

pub fn write(dir: &Path, name: &str, content: impl AsRef<[u8]>) {
    fs::write(dir.join(name), content).unwrap();
}

/// `model`: a copy of one of the kept models, to be spoiled.
pub fn model(dir: &Path, name: &str) {
    fs::create_dir(dir.join("model")).unwrap();
    for entry in fs::read_dir(kept(&format!("models/{name}"))).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.join("model").join(entry.file_name())).unwrap();
    }
}

pub fn gpt2(dir: &Path) {
    model(dir, "gpt2-tiny");
}

/// Spoils a file of the kept model.
pub fn spoil(dir: &Path, name: &str, how: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let path = dir.join("model").join(name);
    let bytes = fs::read(&path).unwrap();
    fs::write(path, how(bytes)).unwrap();
}

/// Replaces text in a file of the kept model, where it must be found.
pub fn replace(dir: &Path, name: &str, from: &str, to: &str) {
    let path = dir.join("model").join(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{name} lacks {from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// A copy of a kept model whose tensor of this name holds a NaN.
pub fn nan(dir: &Path, name: &str, tensor: &str) {
    model(dir, name);
    spoil(dir, "model.safetensors", |mut bytes| {
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let tensors: serde_json::Value = serde_json::from_slice(&bytes[8..header]).unwrap();
        assert_eq!(tensors[tensor]["dtype"], "F32");
        let start = header + tensors[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
        bytes[start..start + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    });
}

pub fn cut(dir: &Path, name: &str) {
    spoil(dir, name, |bytes| bytes[..bytes.len() / 2].to_vec());
}

/// `model/model.safetensors` of this header and so many bytes of data, and nothing else that holds weights.
pub fn safetensors(dir: &Path, header: &str, data: usize) {
    gpt2(dir);
    spoil(dir, "model.safetensors", |_| {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
    });
}

/// `model/pytorch_model.bin` in place of the safetensors.
pub fn bin(dir: &Path, bytes: &[u8]) {
    gpt2(dir);
    fs::remove_file(dir.join("model/model.safetensors")).unwrap();
    write(dir, "model/pytorch_model.bin", bytes);
}

/// torch's older format up to its state dict.
pub const LEGACY: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}q\x00(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03X\x0d\x00\x00\x00little_endianq\x02\x88u.";

pub fn pickled(dir: &Path, state: &[u8]) {
    bin(dir, &[LEGACY, state].concat());
}

pub fn nothing(_: &Path) {}

pub const PAIR: &str = "{\"prompt\": \"This movie\", \"chosen\": \" was great\", \"rejected\": \" was bad\"}\n";

/// `pairs.jsonl`, and `run` with a checkpoint after its first step.
pub fn a_run(dir: &Path) {
    write(dir, "pairs.jsonl", PAIR.repeat(4));
    let train: Vec<&str> = short_run!("").split(' ').skip(1).collect();
    let output = run("dpo", dir, &train);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::remove_dir_all(dir.join("run/checkpoint-2")).unwrap();
}

pub const LIKE: &str = "{\"prompt\": \"This\", \"completion\": \" film\", \"label\": true}\n";

pub const GENERATE: &str = "generate --model model --prompt This";
pub const DPO: &str = "dpo --train-file pairs.jsonl --output-dir run";
pub const RESUME: &str = short_run!(" --resume");
