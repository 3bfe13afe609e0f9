//! `cargo xtask`: brings LibTorch into the workspace, then runs the README's commands.

// A program talks to its user.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod cargo;
mod dependant;
mod failure;
mod libtorch_check;
mod marker;
mod pip;
mod requested_torch;
mod scratch;
mod setup;
mod shell_env;
mod wheel;
mod workspace;

use failure::Failure;
use std::env;
use std::ffi::OsString;
use std::process::ExitCode;
use workspace::Workspace;

const HELP: &str = "\
Usage: cargo xtask COMMAND

Commands:
  setup             bring LibTorch into .libtorch; the commands below do so too
  demo [ARGS]       cargo run --release --example dpo_hinge -- ARGS
  test [ARGS]       cargo test --workspace ARGS
  dependant         build and run a project outside the workspace that depends on align-losses
  env               print the shell lines that show another project this LibTorch:
                    eval \"$(cargo xtask env)\"
  help              print this

A LibTorch 2.11 that you have is used instead of a download: set LIBTORCH to its folder, or
LIBTORCH_USE_PYTORCH=1 to take the one of your Python. To start over, delete .libtorch.
";

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let command = arguments.next();
    match run(command, arguments.collect()) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Option<OsString>, arguments: Vec<OsString>) -> Result<ExitCode, Failure> {
    let command = command.map_or_else(|| "help".into(), |c| c.to_string_lossy().into_owned());
    let workspace = Workspace::find()?;
    match command.as_str() {
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        "demo" => {
            setup::setup(&workspace)?;
            let demo = ["run", "--release", "--package", "align", "--example", "dpo_hinge", "--"];
            cargo::run(&workspace, &demo, &arguments)
        }
        "test" => {
            setup::setup(&workspace)?;
            cargo::run(&workspace, &["test", "--workspace"], &arguments)
        }
        "setup" | "dependant" | "env" if !arguments.is_empty() => {
            Err(Failure::new(format!("`cargo xtask {command}` takes no arguments, but got {arguments:?}")))
        }
        "setup" => {
            setup::setup(&workspace)?;
            println!("LibTorch is in {}", workspace.libtorch.display());
            Ok(ExitCode::SUCCESS)
        }
        "dependant" => {
            setup::setup(&workspace)?;
            dependant::check(&workspace)
        }
        "env" => {
            setup::setup(&workspace)?;
            print!("{}", shell_env::lines(&workspace.libtorch)?);
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(Failure::new(format!("there is no command {command:?}; `cargo xtask help` lists them"))),
    }
}
