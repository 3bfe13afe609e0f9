//! Builds `cpp` against the LibTorch that torch-sys found.

use std::env;
use std::path::PathBuf;

fn main() -> Result<(), String> {
    // Documentation needs no LibTorch.
    if env::var_os("CARGO_FEATURE_DOC_ONLY").is_some() {
        return Ok(());
    }
    println!("cargo:rerun-if-changed=cpp");
    println!("cargo:rerun-if-env-changed=LIBTORCH_INCLUDE");
    println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");

    let lib = env::var_os("DEP_TCH_LIBTORCH_LIB")
        .map(PathBuf::from)
        .ok_or("torch-sys did not say where LibTorch is (DEP_TCH_LIBTORCH_LIB)")?;
    // The headers are next to the libraries, unless LIBTORCH_INCLUDE is set.
    let root = match env::var_os("LIBTORCH_INCLUDE") {
        Some(folder) => PathBuf::from(folder),
        None => lib.parent().ok_or("LibTorch's lib folder has no parent")?.to_path_buf(),
    };
    let include = root.join("include");
    if !include.join("ATen/Context.h").is_file() {
        return Err(format!(
            "{} is missing: put LibTorch's headers next to its lib folder, \
             or set LIBTORCH_INCLUDE to the folder that contains include/",
            include.join("ATen/Context.h").display()
        ));
    }
    let abi = env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".to_owned());
    let own = env::var("CARGO_MANIFEST_DIR").map_err(|e| format!("CARGO_MANIFEST_DIR: {e}"))?;
    println!("cargo:include={}\ncargo:cpp={own}/cpp\ncargo:cxx11_abi={abi}", include.display());
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .warnings(false)
        // Also in debug builds, whose loops over tensors would take most of a step.
        .opt_level(3)
        // Otherwise the compiler keeps branches in loops, which it cannot vectorise. No code here reads floating-point exceptions.
        .flag_if_supported("-fno-trapping-math")
        .include(include)
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
        .files([
            "cpp/cpu_capability.cpp",
            "cpp/matmul_precision.cpp",
            "cpp/packed_linear.cpp",
            "cpp/fused_adamw.cpp",
            "cpp/gradient_checkpoint.cpp",
            "cpp/gradient_hook.cpp",
            "cpp/custom_backward.cpp",
            "cpp/rms_norm.cpp",
            "cpp/rotate_halves.cpp",
            "cpp/silu_and_mul.cpp",
            "cpp/vector_math.cpp",
            "cpp/decoding_attention.cpp",
            "cpp/flash_attention.cpp",
        ])
        .compile("align_torch");
    Ok(())
}
