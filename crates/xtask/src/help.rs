//! What `cargo xtask help` and `cargo xtask COMMAND --help` print.

/// The commands, as they are written.
pub const COMMANDS: [&str; 7] = ["setup", "doctor", "demo", "test", "dependant", "env", "help"];

/// The help of one command, or of all.
pub fn text(command: Option<&str>) -> &'static str {
    match command {
        Some("setup") => SETUP,
        Some("doctor") => DOCTOR,
        Some("demo") => DEMO,
        Some("test") => TEST,
        Some("dependant") => DEPENDANT,
        Some("env") => ENV,
        _ => ALL,
    }
}

const ALL: &str = "\
Usage: cargo xtask COMMAND

Commands:
  setup [OPTIONS]   bring LibTorch into .libtorch; the commands below but doctor do so too
  doctor            say what this machine has and lacks, and what to do about it
  demo [ARGS]       cargo run --example dpo_hinge -- ARGS
  test [ARGS]       cargo test --workspace ARGS
  dependant         build and run projects outside the workspace that depend on its crates
  env               print the shell lines that show another project this LibTorch:
                    eval \"$(cargo xtask env)\"
  help [COMMAND]    print this, or what COMMAND does (as COMMAND --help)

A LibTorch 2.11 that you have is used instead of a download: set LIBTORCH to its folder, or
LIBTORCH_USE_PYTORCH=1 to take the one of your Python. To start over, delete .libtorch.
";

const SETUP: &str = "\
Usage: cargo xtask setup [--cpu | --cuda | --from ZIP]

Brings LibTorch 2.11.0 into .libtorch, unless it is there. Nothing else is changed; an interrupted
set-up is simply run again.

  (no option)   what is there already stays. Else, on a machine with an NVIDIA GPU, the torch with CUDA
                that Python has is used where it is, or downloaded with CUDA; elsewhere the CPU half
  --cpu         the CPU half: 0.6 GB to download, 0.6 GB on disk
  --cuda        CUDA 13 too, for a driver 580 or newer: 2.6 GB to download, 3.6 GB on disk
  --from ZIP    LibTorch's own zip instead of pip: a file or an https address, such as
                https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-2.11.0%2Bcpu.zip
                (its checksum is not known here: the encrypted connection and the zip's own checksums
                vouch for it). Without pip it is taken by itself, through curl, wget or python3

Environment:
  LIBTORCH                 the folder of a LibTorch 2.11 to use where it is, with include/ and lib/
                           (LIBTORCH_INCLUDE and LIBTORCH_LIB if they stand apart)
  LIBTORCH_USE_PYTORCH=1   use the torch 2.11 of python3 (of python in a virtual environment)
  LIBTORCH_BYPASS_VERSION_CHECK=1   take another version, at your own risk
  CXX                      the C++ compiler, if not c++
  PIP_INDEX_URL, HTTPS_PROXY, PIP_CERT and pip's other settings hold
";

const DOCTOR: &str = "\
Usage: cargo xtask doctor

Says what was found of all that this workspace uses, and what to do about what was not: the tools,
LibTorch, the machine, its GPU, the cache of models, and variables that get in the way. It changes
nothing and downloads nothing.

Exit code: 0 if all that is necessary is there, 1 otherwise.
";

const DEMO: &str = "\
Usage: cargo xtask demo [ARGS]

Sets up what is missing, then: cargo run --example dpo_hinge -- ARGS
`cargo xtask demo -- --help` lists what the example takes.
";

const TEST: &str = "\
Usage: cargo xtask test [ARGS]

Sets up what is missing, then: cargo test --workspace ARGS
";

const DEPENDANT: &str = "\
Usage: cargo xtask dependant

Sets up what is missing, then builds and runs, in temporary folders, the two projects of docs/library.md:
the program that uses `align`, and that under \"Depending on one crate\".
";

const ENV: &str = "\
Usage: eval \"$(cargo xtask env)\"

Sets up what is missing, then prints shell lines that set LIBTORCH and LD_LIBRARY_PATH, so that any
project's cargo and any program finds this LibTorch.
";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::parts::Parts;
    use crate::zip_source::official;

    #[test]
    fn each_command_stands_in_the_list_and_has_its_help() {
        for command in COMMANDS {
            assert!(ALL.lines().any(|line| line.trim_start().starts_with(command)), "{command}");
            assert!(text(Some(command)).contains(&format!("cargo xtask {command}")) || command == "help", "{command}");
        }
    }

    #[test]
    fn the_addresses_and_sizes_are_those_that_are_used() {
        use crate::disk::gigabytes;
        use crate::wheels::needed;
        assert!(SETUP.contains(&official(Parts::Cpu)));
        for parts in [Parts::Cpu, Parts::Cuda] {
            let down = gigabytes(needed(parts).map(|wheel| wheel.bytes).sum());
            let disk = gigabytes(needed(parts).map(|wheel| wheel.unpacked_bytes(parts)).sum());
            assert!(SETUP.contains(&format!("{down} to download, {disk} on disk")), "{down}, {disk}");
        }
    }
}
