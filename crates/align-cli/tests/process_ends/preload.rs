//! Compiles small C libraries that intercept system calls of the program.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles `source`, beside this file, for `LD_PRELOAD`.
pub fn library(source: &str, into: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process_ends").join(source);
    let library = into.join(source.with_extension("so").file_name().unwrap());
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    command
        .args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(source)
        .args(["-ldl", "-lpthread"]);
    let ended = command.output().expect("a C compiler, which LibTorch's bindings need too");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    library
}
