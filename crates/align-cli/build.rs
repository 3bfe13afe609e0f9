//! Lets an installed `align` find the LibTorch that it was built with: `cargo install` puts it far from the search path that
//! `.cargo/config.toml` gives to programs in `target`.

use std::env;

fn main() {
    let unix = env::var_os("CARGO_CFG_UNIX").is_some();
    if let Some(lib) = env::var_os("DEP_TCH_LIBTORCH_LIB").filter(|_| unix) {
        println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{}", lib.display());
    }
}
