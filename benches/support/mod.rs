//! Functions shared by several benchmarks.
#![allow(dead_code, reason = "each benchmark is a program of its own, and uses some of them")]

use std::path::PathBuf;
use tch::Kind;

/// The peak resident memory of this process, in bytes.
pub fn peak_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(f64::NAN);
    kib * 1024.0
}

/// The folder of the tests' tiny GPT-2.
pub fn tiny_gpt2() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/data/models/gpt2-tiny")
}

/// The data type with this name in PyTorch.
pub fn kind(name: &str) -> Kind {
    match name {
        "float32" => Kind::Float,
        "bfloat16" => Kind::BFloat16,
        _ => panic!("--dtype {name}: expected float32 or bfloat16"),
    }
}
