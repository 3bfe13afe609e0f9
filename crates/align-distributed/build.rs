//! Builds `cpp` against the LibTorch that align-torch was built with.

use std::env;
use std::path::PathBuf;

fn main() -> Result<(), String> {
    // Documentation needs no LibTorch.
    if env::var_os("CARGO_FEATURE_DOC_ONLY").is_some() {
        return Ok(());
    }
    println!("cargo:rerun-if-changed=cpp");
    let from_align_torch = |name: &str| {
        let name = format!("DEP_ALIGN_TORCH_{name}");
        println!("cargo:rerun-if-env-changed={name}");
        env::var(&name).map_err(|_| format!("the build script of align-torch did not set {name}"))
    };
    let include = PathBuf::from(from_align_torch("INCLUDE")?);
    let header = include.join("torch/csrc/distributed/c10d/ProcessGroupGloo.hpp");
    if !header.is_file() {
        return Err(format!("{} is missing: this LibTorch was built without c10d", header.display()));
    }
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .warnings(false)
        .include("cpp")
        .include(from_align_torch("CPP")?)
        .include(include.join("torch/csrc/api/include"))
        .include(include)
        .define("_GLIBCXX_USE_CXX11_ABI", from_align_torch("CXX11_ABI")?.as_str())
        .files(["cpp/store.cpp", "cpp/gloo.cpp"])
        .compile("align_distributed");
    Ok(())
}
