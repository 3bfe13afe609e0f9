//! The type of a test case, and functions that write the input files of many cases.

use crate::support::{golden_path, run};
use std::fs;
use std::path::Path;

/// The command of a training run of two steps with a checkpoint after each, plus more options.
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

/// A bad input: its name, a function that writes the files, the command, and texts that the error message must contain.
pub struct Case {
    pub name: &'static str,
    pub prepare: fn(&Path),
    pub command: &'static str,
    pub message_parts: &'static [&'static str],
}

pub const fn case(
    name: &'static str,
    prepare: fn(&Path),
    command: &'static str,
    message_parts: &'static [&'static str],
) -> Case {
    Case { name, prepare, command, message_parts }
}

pub fn write(dir: &Path, name: &str, content: impl AsRef<[u8]>) {
    fs::write(dir.join(name), content).unwrap();
}

/// Copies one of the tiny models to `model`, where a test can damage it.
pub fn copy_model(dir: &Path, name: &str) {
    copy_model_to(&dir.join("model"), name);
}

pub fn copy_model_to(folder: &Path, name: &str) {
    fs::create_dir(folder).unwrap();
    for entry in fs::read_dir(golden_path(&format!("models/{name}"))).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
}

pub fn copy_gpt2(dir: &Path) {
    copy_model(dir, "gpt2-tiny");
}

/// Changes the bytes of a file of the copied model.
pub fn corrupt(dir: &Path, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let path = dir.join("model").join(name);
    let bytes = fs::read(&path).unwrap();
    fs::write(path, change(bytes)).unwrap();
}

/// Replaces text in a file of the copied model. The text must occur.
pub fn replace(dir: &Path, name: &str, from: &str, to: &str) {
    let path = dir.join("model").join(name);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{name} lacks {from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// Copies a model and sets the first element of a tensor to NaN.
pub fn model_with_nan(dir: &Path, name: &str, tensor: &str) {
    copy_model(dir, name);
    corrupt(dir, "model.safetensors", |mut bytes| {
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let tensors: serde_json::Value = serde_json::from_slice(&bytes[8..header]).unwrap();
        assert_eq!(tensors[tensor]["dtype"], "F32");
        let start = header + tensors[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
        bytes[start..start + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    });
}

pub fn truncate(dir: &Path, name: &str) {
    corrupt(dir, name, |bytes| bytes[..bytes.len() / 2].to_vec());
}

/// Writes `model/model.safetensors` with this header and `data` zero bytes; the model has no other weights.
pub fn safetensors(dir: &Path, header: &str, data: usize) {
    copy_gpt2(dir);
    corrupt(dir, "model.safetensors", |_| {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data]].concat()
    });
}

/// Writes `model/pytorch_model.bin` instead of the safetensors file.
pub fn bin(dir: &Path, bytes: &[u8]) {
    copy_gpt2(dir);
    fs::remove_file(dir.join("model/model.safetensors")).unwrap();
    write(dir, "model/pytorch_model.bin", bytes);
}

/// The start of a file in torch's legacy format, up to the state dict.
pub const LEGACY: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}q\x00(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03X\x0d\x00\x00\x00little_endianq\x02\x88u.";

pub fn pickled(dir: &Path, state: &[u8]) {
    bin(dir, &[LEGACY, state].concat());
}

pub fn no_files(_: &Path) {}

pub const PAIR: &str = "{\"prompt\": \"This movie\", \"chosen\": \" was great\", \"rejected\": \" was bad\"}\n";

/// Writes `pairs.jsonl`, and trains a run in `run` with a checkpoint after its first step.
pub fn run_with_checkpoint(dir: &Path) {
    write(dir, "pairs.jsonl", PAIR.repeat(4));
    let train: Vec<&str> = short_run!("").split(' ').skip(1).collect();
    let output = run("dpo", dir, &train);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // As if the run had been killed after its first checkpoint.
    fs::remove_dir_all(dir.join("run/checkpoint-2")).unwrap();
    fs::remove_file(dir.join("run/report.html")).unwrap();
}

pub const LABELLED: &str = "{\"prompt\": \"This\", \"completion\": \" film\", \"label\": true}\n";

pub const GENERATE: &str = "generate --model model --prompt This";
pub const DPO: &str = "dpo --train-file pairs.jsonl --output-dir run";
pub const RESUME: &str = short_run!(" --resume");
