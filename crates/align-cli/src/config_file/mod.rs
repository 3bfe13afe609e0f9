//! `--config FILE`: options read from a TOML or YAML file.

mod entries;

use crate::Failure;
use crate::usage::{Pointer, UsageError, pointer};
use align_base::printable_path;
use clap::{Arg, ArgAction, Command};
use entries::Entry;
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The key under which a run records the command that started it.
pub const COMMAND_KEY: &str = "command";

/// Whether a subcommand has the option `--config`.
pub fn has_config_option(command: &Command) -> bool {
    command.get_arguments().any(|argument| argument.get_long() == Some("config"))
}

/// Removes `--config FILE` or `--config=FILE` from the command line. Returns the file and the remaining arguments.
pub fn extract_config_option(
    given: impl IntoIterator<Item = OsString>,
) -> Result<(Option<PathBuf>, Vec<OsString>), Failure> {
    let (mut file, mut rest, mut given) = (None, Vec::new(), given.into_iter());
    while let Some(argument) = given.next() {
        let value = match argument.to_str() {
            Some("--") => {
                rest.push(argument);
                rest.extend(given);
                break;
            }
            Some("--config") => {
                let file = given.next().filter(|file| !file.as_encoded_bytes().starts_with(b"--"));
                Some(file.ok_or_else(|| UsageError::new("--config needs a file: --config FILE"))?)
            }
            Some(text) => text.strip_prefix("--config=").map(OsString::from),
            None => None,
        };
        match value {
            Some(_) if file.is_some() => return Err(UsageError::new("--config is given twice: give it once").into()),
            Some(value) => file = Some(PathBuf::from(value)),
            None => rest.push(argument),
        }
    }
    Ok((file, rest))
}

/// An option from a file.
pub struct FileOption {
    /// The name, without its dashes.
    pub name: String,
    /// The option as on the command line.
    pub argument: OsString,
    /// The file and the line.
    pub place: String,
}

/// Converts the keys of a file to command-line options: `learning_rate = 1e-5` becomes `--learning-rate=1e-5`.
pub fn read(path: &Path, command: &Command, program: &Command) -> Result<Vec<FileOption>, Failure> {
    let entries = entries::read(path)?;
    refuse_other_command(path, &entries, command)?;
    for (at, entry) in entries.iter().enumerate() {
        if let Some(other) = entries.iter().skip(at + 1).find(|other| other.option() == entry.option()) {
            let (key, other) = (&entry.key, &other.key);
            return Err(fail(path, entry, &format!("{key} and {other} are the same option: leave one of them out")));
        }
    }
    let options = entries.iter().filter(|entry| entry.key != COMMAND_KEY);
    let mut given = Vec::new();
    for entry in options {
        let arguments = arguments(path, entry, command, program)?;
        let option = |argument| FileOption { name: entry.option(), argument, place: place(path, entry) };
        given.extend(arguments.into_iter().map(option));
    }
    Ok(given)
}

/// The options of a file without those that can be given several times and that `given` has: these take the place of all in the file.
pub fn without_repeated(options: Vec<FileOption>, given: &[OsString], command: &Command) -> Vec<FileOption> {
    let is_given = |name: &str| {
        let (alone, with_value) = (format!("--{name}"), format!("--{name}="));
        let begins = |argument: &OsString| argument.as_encoded_bytes().starts_with(with_value.as_bytes());
        given.iter().any(|argument| *argument == *alone || begins(argument))
    };
    let repeats =
        |name: &str| command.get_arguments().any(|known| known.get_long() == Some(name) && is_repeated(known));
    options.into_iter().filter(|option| !(repeats(&option.name) && is_given(&option.name))).collect()
}

/// The command that the file was recorded by, if it names one.
fn refuse_other_command(path: &Path, entries: &[Entry], command: &Command) -> Result<(), Failure> {
    let Some(entry) = entries.iter().find(|entry| entry.key == COMMAND_KEY) else { return Ok(()) };
    match entry.value.as_str() {
        Some(name) if name == command.get_name() => Ok(()),
        Some(name) => {
            let given = command.get_name();
            let problem = format!("this run was started with align {name}: use align {name} instead of align {given}");
            Err(fail(path, entry, &problem))
        }
        None => Err(fail(path, entry, "command is not the name of a command, such as \"dpo\"")),
    }
}

/// The options of an entry: none if the entry leaves its option out, and several for a list of an option that can be given several times.
fn arguments(path: &Path, entry: &Entry, command: &Command, program: &Command) -> Result<Vec<OsString>, Failure> {
    let Entry { key, value, .. } = entry;
    let name = entry.option();
    let known =
        command.get_arguments().find(|known| known.get_long() == Some(&name) && name != "config" && name != "help");
    let Some(known) = known else { return Err(unknown_key(path, entry, command, program)) };
    let text = match value {
        // As in a command line without the option.
        Value::Null => return Ok(Vec::new()),
        // A flag without a value: true adds it, false leaves it out.
        Value::Bool(on) if !known.get_action().takes_values() => {
            return Ok(on.then(|| OsString::from(format!("--{name}"))).into_iter().collect());
        }
        other if !known.get_action().takes_values() => {
            return Err(fail(path, entry, &format!("{key} is {}, expected true or false", kind(other))));
        }
        Value::Array(values) if takes_list(known) => {
            let texts: Option<Vec<String>> = values.iter().map(scalar).collect();
            texts.map(|texts| texts.join(","))
        }
        Value::Array(values) if is_repeated(known) => {
            let texts: Option<Vec<String>> = values.iter().map(scalar).collect();
            let problem = || fail(path, entry, &format!("{key} has a value that is not a text or a number"));
            let texts = texts.ok_or_else(problem)?;
            return Ok(texts.iter().map(|text| OsString::from(format!("--{name}={text}"))).collect());
        }
        Value::Array(_) => return Err(fail(path, entry, &format!("{key} is a list, expected one value"))),
        value => scalar(value),
    };
    match text {
        Some(text) => Ok(vec![OsString::from(format!("--{name}={text}"))]),
        None => Err(fail(path, entry, &format!("{key} is {}, expected one value or a list of values", kind(value)))),
    }
}

fn unknown_key(path: &Path, entry: &Entry, command: &Command, program: &Command) -> Failure {
    let name = entry.option();
    let hint = match pointer(&name, command, program) {
        Some(Pointer::Option(option)) => match option.trim_start_matches("--").split_once(' ') {
            Some((option, value)) => format!(": use {} with the value {value}", option.replace('-', "_")),
            None => format!(": use {}", option.trim_start_matches("--").replace('-', "_")),
        },
        Some(other) => format!(": {other}"),
        None => {
            let known = command.get_arguments().filter_map(Arg::get_long);
            let nearest = align_train::nearest_name(&name, known);
            nearest.map(|name| format!(": did you mean {}?", name.replace('-', "_"))).unwrap_or_default()
        }
    };
    fail(path, entry, &format!("align {} has no option {:?}{hint}", command.get_name(), entry.key))
}

/// Whether an option takes several values.
fn takes_list(option: &Arg) -> bool {
    option.get_value_delimiter().is_some()
}

/// Whether an option can be given several times, with a value each.
fn is_repeated(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Append) && !takes_list(option)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

fn fail(path: &Path, entry: &Entry, problem: &str) -> Failure {
    UsageError::new(format!("{}: {problem}", place(path, entry))).into()
}

/// The file and the line of an entry.
fn place(path: &Path, entry: &Entry) -> String {
    let line = entry.line.map(|line| format!(", line {line}")).unwrap_or_default();
    format!("{}{line}", printable_path(path))
}
