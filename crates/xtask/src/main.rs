//! `cargo xtask`: installs LibTorch in the workspace, checks the machine, and runs the README's commands.

// First, because the other modules use its macros.
#[macro_use]
mod output;

mod cargo;
mod compute_platform;
mod copy_folder;
mod disk;
mod doctor;
mod download;
mod downstream;
mod early_build;
mod failure;
mod fetch;
mod gpu;
mod help;
mod install;
mod interrupt;
mod libtorch_check;
mod load_check;
mod marker;
mod package;
mod pip;
mod pip_failure;
mod probe;
mod progress;
mod python_torch;
mod requested_torch;
mod setup;
mod setup_options;
mod shell_env;
mod subprocess;
mod suggestion;
mod unpack;
mod up_to_date;
mod wheels;
mod work_folder;
mod workspace;
mod zip_source;

use compute_platform::ComputePlatform;
use early_build::EarlyBuild;
use failure::Failure;
use setup_options::SetupOptions;
use std::env;
use std::ffi::OsString;
use std::process::ExitCode;
use workspace::Workspace;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.to_string_lossy().into_owned(), rest),
        None => ("help".to_owned(), &[][..]),
    };
    let code = run(&command, rest).unwrap_or_else(|failure| {
        eprintln!("error: {failure}");
        interrupt::failure_code()
    });
    if output::failed() {
        eprintln!("error: standard output cannot be written");
        // EX_IOERR of sysexits.h, as in the program `align`.
        return ExitCode::from(74);
    }
    code
}

fn run(command: &str, arguments: &[OsString]) -> Result<ExitCode, Failure> {
    // Arguments after `--` belong to the program that is run.
    let ours = arguments.iter().take_while(|argument| *argument != "--");
    if help::COMMANDS.contains(&command) && ours.into_iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{}", help::text(Some(command)));
        return Ok(ExitCode::SUCCESS);
    }
    if let ("doctor" | "downstream" | "package" | "env", Some(argument)) = (command, arguments.first()) {
        return Err(Failure::new(format!("`cargo xtask {command}` takes no arguments, found {argument:?}")));
    }
    match command {
        "help" | "--help" | "-h" => {
            let topic = arguments.first().map(|topic| topic.to_string_lossy().into_owned());
            if let Some(topic) = topic.as_deref().filter(|topic| !help::COMMANDS.contains(topic)) {
                return Err(no_such_command(topic));
            }
            print!("{}", help::text(topic.as_deref()));
            Ok(ExitCode::SUCCESS)
        }
        "setup" => {
            let options = SetupOptions::parse(arguments)?;
            let workspace = Workspace::find()?;
            setup::setup(&workspace, &options)?;
            println!("LibTorch is in {}", workspace.libtorch.display());
            if ComputePlatform::of_folder(&workspace.libtorch) == ComputePlatform::Cpu && gpu::is_present() {
                println!("It has no CUDA; to use this machine's GPU, run: cargo xtask setup --cuda");
            }
            Ok(ExitCode::SUCCESS)
        }
        "doctor" => Ok(doctor::doctor(&Workspace::find()?)),
        "demo" => {
            let target = ["--package", "align-examples", "--example", "dpo_hinge"];
            let arguments = arguments.strip_prefix(&["--".into()]).unwrap_or(arguments);
            cargo::run(&set_up_while_building(&target)?, &[&["run"], &target[..], &["--"]].concat(), arguments)
        }
        "test" => {
            let targets = ["--workspace", "--tests", "--examples"];
            cargo::run(&set_up_while_building(&targets)?, &["test", "--workspace"], arguments)
        }
        "downstream" => downstream::check(&set_up()?),
        "package" => package::check(&set_up()?),
        "env" => {
            print!("{}", shell_env::lines(&set_up()?.libtorch)?);
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(no_such_command(command)),
    }
}

/// The workspace, with LibTorch installed.
fn set_up() -> Result<Workspace, Failure> {
    let workspace = Workspace::find()?;
    setup::setup(&workspace, &SetupOptions::default())?;
    Ok(workspace)
}

/// The workspace, with LibTorch installed. While it is downloaded, those dependencies of the targets are compiled that do not need it.
fn set_up_while_building(targets: &[&str]) -> Result<Workspace, Failure> {
    let workspace = Workspace::find()?;
    let options = SetupOptions::default();
    if !setup::is_done(&workspace, &options)? {
        let build = EarlyBuild::start(&workspace, targets);
        setup::setup(&workspace, &options)?;
        if let Some(build) = build {
            eprintln!("align: waiting for the build that was started during the download");
            build.finish()?;
        }
    }
    Ok(workspace)
}

fn no_such_command(name: &str) -> Failure {
    let suggestion = suggestion::did_you_mean(name, &help::COMMANDS);
    Failure::new(format!("there is no command {name:?}{suggestion}")).remedy("`cargo xtask help` lists the commands.")
}
