//! `--resume` takes the options of the run from the config.toml in its folder.

use crate::usage::UsageError;
use crate::{Failure, config_file, config_file::FileOption};
use align_base::printable_path;
use align_train::RunFolder;
use clap::Command;
use std::any::TypeId;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// If `given` has `--resume`: the options in the run's config.toml. They come before the given ones, which must agree with them where
/// they affect the weights; the checkpoint is checked for that later.
pub fn read(given: &[OsString], command: &Command, program: &Command) -> Result<Vec<FileOption>, Failure> {
    let folder = value(given, "output-dir").map(PathBuf::from);
    let Some(folder) = folder.filter(|_| given.iter().any(|argument| argument == "--resume")) else {
        return Ok(Vec::new());
    };
    let file = folder.join(RunFolder::CONFIG);
    if !file.is_file() {
        if ["train-file", "prompts", "messages", "judge"].into_iter().any(|input| value(given, input).is_some()) {
            return Ok(Vec::new());
        }
        let problem = "there is no run to resume, since config.toml is missing: give the folder of a run with --output-dir, or leave out --resume";
        return Err(UsageError::new(format!("{}: {problem}", printable_path(&folder))).into());
    }
    let recorded = config_file::read(&file, command, program)?;
    check_files(&file, &recorded, given, command)?;
    Ok(recorded)
}

/// The options of folders that a run creates.
const CREATED_FOLDERS: [&str; 3] = ["logging-dir", "ref-log-probs-dir", "token-cache"];

/// Returns an error if a recorded file is not found from the current folder.
fn check_files(config: &Path, recorded: &[FileOption], given: &[OsString], command: &Command) -> Result<(), Failure> {
    let arguments: Vec<OsString> = recorded.iter().map(|option| option.argument.clone()).collect();
    for option in
        command.get_arguments().filter(|option| option.get_value_parser().type_id() == TypeId::of::<PathBuf>())
    {
        let is_checked = |name: &&str| value(given, name).is_none() && !CREATED_FOLDERS.contains(name);
        let Some(name) = option.get_long().filter(is_checked) else { continue };
        let Some(path) = value(&arguments, name).map(PathBuf::from).filter(|path| !path.exists()) else { continue };
        let hint = match path.is_relative() {
            true => format!(
                "the path is relative to the folder where the run was started: resume from there, or give --{name}"
            ),
            false => format!("give --{name} if the file was moved"),
        };
        let (config, key) = (printable_path(config), name.replace('-', "_"));
        return Err(UsageError::new(format!("{config}: {key} {} is not found; {hint}", printable_path(path))).into());
    }
    Ok(())
}

/// The last value of an option.
fn value<'a>(given: &'a [OsString], name: &str) -> Option<&'a OsStr> {
    let (alone, with_value) = (format!("--{name}"), format!("--{name}="));
    let mut found = None;
    for (at, argument) in given.iter().enumerate().take_while(|(_, argument)| *argument != "--") {
        if argument == alone.as_str() {
            found = given.get(at + 1).map(OsString::as_os_str);
        } else if let Some(value) = argument.as_encoded_bytes().strip_prefix(with_value.as_bytes()) {
            found = argument.to_str().and_then(|text| text.get(text.len() - value.len()..)).map(OsStr::new);
        }
    }
    found
}
