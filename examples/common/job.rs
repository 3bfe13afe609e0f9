//! What the texts of a job depend on, by which a journal knows its job again.

use super::Failure;
use align_models::generation::GenerationConfig;
use align_torch::MatmulPrecision;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use tch::{Device, Kind};

/// Everything that decides about the texts of a job on one machine. How many prompts are continued at a time does not.
#[derive(Serialize)]
pub struct Job<'a> {
    pub align: &'static str,
    /// SHA-256 of the model's files.
    pub model: BTreeMap<String, String>,
    pub prompts: Prompts,
    pub generation: &'a GenerationConfig,
    pub device: &'static str,
    pub dtype: &'static str,
    pub matmul_precision: Option<MatmulPrecision>,
}

/// How many prompts, and the SHA-256 of them all.
#[derive(Serialize)]
pub struct Prompts {
    pub count: usize,
    pub sha256: String,
}

impl<'a> Job<'a> {
    /// A job on `device` under the matmul precision that holds now; `model` is [`digests`] of its folder.
    pub fn new(
        model: BTreeMap<String, String>,
        prompts: &[String],
        generation: &'a GenerationConfig,
        device: Device,
        dtype: Kind,
    ) -> Self {
        let mut hash = Sha256::new();
        for prompt in prompts {
            hash.update((prompt.len() as u64).to_le_bytes());
            hash.update(prompt);
        }
        Self {
            align: env!("CARGO_PKG_VERSION"),
            model,
            prompts: Prompts { count: prompts.len(), sha256: hex(&hash.finalize()) },
            generation,
            device: if device == Device::Cpu { "cpu" } else { "cuda" },
            dtype: if dtype == Kind::BFloat16 { "bfloat16" } else { "float32" },
            matmul_precision: MatmulPrecision::current(),
        }
    }
}

/// SHA-256 of the files of a model's folder that its texts come from: weights, config and tokeniser. Options of
/// generation are compared as they are after all.
pub fn digests(folder: &Path) -> Result<BTreeMap<String, String>, String> {
    let fail = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(|e| fail(folder, e))? {
        let path = entry.map_err(|e| fail(folder, e))?.path();
        let known = path.extension().is_some_and(|end| ["safetensors", "bin", "json", "txt"].iter().any(|e| end == *e));
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if known && name != "generation_config.json" && path.is_file() {
            all.insert(name, digest(&path).map_err(|e| fail(&path, e))?);
        }
    }
    let base = super::models::base_folder(folder).map_err(|e| e.to_string())?;
    if base != folder {
        all.extend(digests(&base)?.into_iter().map(|(name, digest)| (format!("base/{name}"), digest)));
    }
    Ok(all)
}

fn digest(path: &Path) -> std::io::Result<String> {
    let (mut file, mut hash, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digests of a model's folder, computed while the model is read.
pub struct Digests(std::thread::JoinHandle<Result<BTreeMap<String, String>, String>>);

impl Digests {
    /// Begins to read.
    pub fn of(folder: &Path) -> Self {
        let folder = folder.to_owned();
        Self(std::thread::spawn(move || digests(&folder)))
    }

    /// Waits for the end.
    pub fn wait(self) -> Result<BTreeMap<String, String>, Failure> {
        Ok(self.0.join().map_err(|_| "the model's files could not be read")??)
    }
}
