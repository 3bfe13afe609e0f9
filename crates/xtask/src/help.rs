//! The texts of `cargo xtask help` and `cargo xtask COMMAND --help`.

/// The names of the commands.
pub const COMMANDS: [&str; 8] = ["setup", "doctor", "demo", "test", "downstream", "package", "env", "help"];

/// The help of one command, or the list of all commands.
pub fn text(command: Option<&str>) -> &'static str {
    match command {
        Some("setup") => SETUP,
        Some("doctor") => DOCTOR,
        Some("demo") => DEMO,
        Some("test") => TEST,
        Some("downstream") => DOWNSTREAM,
        Some("package") => PACKAGE,
        Some("env") => ENV,
        _ => ALL,
    }
}

const ALL: &str = "\
Usage: cargo xtask COMMAND

Commands:
  setup [OPTIONS]   install LibTorch in .libtorch; demo, test, downstream, package and env do this too if necessary
  doctor            check this machine and print a remedy for each problem
  demo [ARGS]       run: cargo run --example dpo_hinge -- ARGS
  test [ARGS]       run: cargo test --workspace ARGS
  downstream        build and run the projects of docs/library.md, which use crates of this workspace
  package           check that the crates could be published, without publishing them
  env               print shell commands that let other projects use this LibTorch:
                    eval \"$(cargo xtask env)\"
  help [COMMAND]    print this list, or the help of COMMAND (like COMMAND --help)

To use an existing LibTorch 2.11 instead of a download, set LIBTORCH to its folder, or set
LIBTORCH_USE_PYTORCH=1 to use the torch of your Python. To start over, delete .libtorch.
";

const SETUP: &str = "\
Usage: cargo xtask setup [--cpu | --cuda | --from ZIP]

Installs LibTorch 2.11.0 in .libtorch, unless it is already installed. Nothing else is changed. If
setup is interrupted, run it again.

  (no option)   keep an existing .libtorch. Otherwise, on a machine with an NVIDIA GPU, link to Python's
                torch if it has CUDA, or download LibTorch with CUDA; without a GPU, download CPU-only LibTorch
  --cpu         without CUDA: 0.6 GB to download, 0.6 GB on disk
  --cuda        with CUDA 13, for driver 580 or newer: 2.6 GB to download, 3.6 GB on disk
  --from ZIP    LibTorch's own zip instead of pip: a file or an https address, such as
                https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-2.11.0%2Bcpu.zip
                (no checksum is known for it: it is protected only by the encrypted connection and the
                zip's internal checksums). Without pip this zip is downloaded with curl, wget or python3

Environment:
  LIBTORCH                 the folder of an existing LibTorch 2.11 to use, with include/ and lib/
                           (LIBTORCH_INCLUDE and LIBTORCH_LIB if these are in separate folders)
  LIBTORCH_USE_PYTORCH=1   use the torch 2.11 of python3 (of python in a virtual environment)
  LIBTORCH_BYPASS_VERSION_CHECK=1   accept another version, at your own risk
  CXX                      the C++ compiler [default: c++]
  PIP_INDEX_URL, HTTPS_PROXY, PIP_CERT and pip's other settings apply
";

const DOCTOR: &str = "\
Usage: cargo xtask doctor

Checks everything that this workspace needs, and prints a remedy for each problem: the tools, LibTorch,
the machine, its GPU, the model cache, and environment variables that interfere. It changes nothing and
downloads nothing.

Exit code: 0 if nothing necessary is missing, 1 otherwise.
";

const DEMO: &str = "\
Usage: cargo xtask demo [ARGS]

Runs setup if necessary, then: cargo run --example dpo_hinge -- ARGS
`cargo xtask demo -- --help` lists the example's options.
";

const TEST: &str = "\
Usage: cargo xtask test [ARGS]

Runs setup if necessary, then: cargo test --workspace ARGS
";

const DOWNSTREAM: &str = "\
Usage: cargo xtask downstream

Runs setup if necessary, then builds and runs the two projects of docs/library.md in temporary folders: the
program that uses `align`, and the one in the section \"Using a single crate\".
";

const PACKAGE: &str = "\
Usage: cargo xtask package

Runs setup if necessary, then checks that the crates could be published, without publishing them: packages each
crate, builds and runs a project that depends on the packages, compiles the program `align` from its package, and
builds the documentation without LibTorch, as docs.rs does.
";

const ENV: &str = "\
Usage: eval \"$(cargo xtask env)\"

Runs setup if necessary, then prints shell commands that set LIBTORCH and LD_LIBRARY_PATH, so that
other cargo projects and programs find this LibTorch.
";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::compute_platform::ComputePlatform;
    use crate::zip_source::official;

    #[test]
    fn every_command_is_listed_and_has_help() {
        for command in COMMANDS {
            assert!(ALL.lines().any(|line| line.trim_start().starts_with(command)), "{command}");
            assert!(text(Some(command)).contains(&format!("cargo xtask {command}")) || command == "help", "{command}");
        }
    }

    #[test]
    fn the_addresses_and_sizes_in_the_help_are_correct() {
        use crate::disk::gigabytes;
        use crate::wheels::wheels_for;
        assert!(SETUP.contains(&official(ComputePlatform::Cpu)));
        for platform in [ComputePlatform::Cpu, ComputePlatform::Cuda] {
            let download = gigabytes(wheels_for(platform).map(|wheel| wheel.bytes).sum());
            let disk = gigabytes(wheels_for(platform).map(|wheel| wheel.unpacked_bytes(platform)).sum());
            assert!(SETUP.contains(&format!("{download} to download, {disk} on disk")), "{download}, {disk}");
        }
    }
}
