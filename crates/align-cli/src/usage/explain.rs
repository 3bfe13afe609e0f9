//! Messages for command lines that clap rejects.

use super::{UsageError, other_names};
use crate::Failure;
use crate::config_file::FileOption;
use align_train::nearest_name;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use std::ffi::OsString;

/// The error to report for the arguments of a command that clap rejects. `from_files` are the arguments that config files added.
pub fn explain(
    error: clap::Error,
    program: &Command,
    command: Option<&Command>,
    given: &[OsString],
    from_files: &[FileOption],
) -> Failure {
    let message = match (error.kind(), command) {
        (ErrorKind::UnknownArgument, Some(command)) => unknown_argument(&error, program, command, given),
        (ErrorKind::UnknownArgument, None) => text(&error, ContextKind::InvalidArg)
            .map(|given| format!("{given} must follow a command: align COMMAND {given}")),
        (ErrorKind::MissingRequiredArgument, Some(command)) => missing_options(&error, program, command, given),
        (ErrorKind::ArgumentConflict, Some(_)) => conflict(&error),
        (ErrorKind::InvalidSubcommand, _) => unknown_command(&error, program),
        (ErrorKind::InvalidValue, Some(_)) => unknown_value(&error, program),
        (ErrorKind::ValueValidation, Some(_)) => unreadable_value(&error),
        (ErrorKind::TooManyValues, Some(_)) => needless_value(&error),
        _ => None,
    };
    let Some(message) = message else { return error.into() };
    // The option is in the file, unless the command line has it too: then it is the last one, and in effect.
    let name = text(&error, ContextKind::InvalidArg).unwrap_or_default();
    let name = name.split([' ', '=', '[']).next().unwrap_or_default().trim_start_matches("--").to_owned();
    let value = text(&error, ContextKind::InvalidValue).unwrap_or_default();
    let place = from_files
        .iter()
        .rev()
        .find(|option| option.name == name && option.argument.to_string_lossy().ends_with(&format!("={value}")));
    match place {
        Some(FileOption { place, .. }) => UsageError::new(format!("{place}: {message}")).into(),
        None => UsageError::new(message).into(),
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The option in clap's `--beta <NUMBER>`.
fn option(error: &clap::Error) -> Option<String> {
    let shown = text(error, ContextKind::InvalidArg)?;
    shown.split([' ', '=', '[']).next().filter(|name| name.starts_with('-')).map(str::to_owned)
}

fn unknown_argument(error: &clap::Error, program: &Command, command: &Command, all: &[OsString]) -> Option<String> {
    let given = text(error, ContextKind::InvalidArg)?;
    let name = command.get_name();
    if !given.starts_with('-') {
        let before =
            all.iter().position(|argument| *argument == given.as_str()).and_then(|at| all.get(at.checked_sub(1)?));
        let before = before.and_then(|before| before.to_str()).filter(|before| before.starts_with("--"));
        if let Some(flag) = before {
            return Some(flag_with_value(flag, &given));
        }
        let takes = |long: &&str| command.get_arguments().any(|option| option.get_long() == Some(*long));
        let file = ["train-file", "input", "prompts", "model"].into_iter().find(takes);
        let hint = file.map_or_else(String::new, |file| format!(", such as --{file} {given}"));
        return Some(format!("{given:?} stands alone: give it as the value of an option{hint}"));
    }
    let bare = given.trim_start_matches('-');
    let hint = match other_names::pointer(bare, command, program) {
        Some(pointer) => pointer.to_string(),
        None if negated(bare, command).is_some() => negated(bare, command).unwrap_or_default(),
        None => match nearest_name(&bare.replace('_', "-"), command.get_arguments().filter_map(Arg::get_long)) {
            Some(meant) if bare.len() > 2 => format!("did you mean --{meant}?"),
            _ => format!("align {name} --help lists its options"),
        },
    };
    Some(format!("align {name} has no option {given}: {hint}"))
}

/// What to type instead of transformers' `--no_OPTION`.
fn negated(name: &str, command: &Command) -> Option<String> {
    let name = name.replace('_', "-");
    let positive = name.strip_prefix("no-")?;
    let option = command.get_arguments().find(|option| option.get_long() == Some(positive))?;
    Some(match option.get_action().takes_values() {
        true => format!("use --{positive} false"),
        false => format!("leave out --{positive}, which is off by default"),
    })
}

fn unknown_command(error: &clap::Error, program: &Command) -> Option<String> {
    let given = text(error, ContextKind::InvalidSubcommand)?;
    let hint = other_names::command(&given, program).unwrap_or_else(|| "align -h lists the commands".to_owned());
    Some(format!("there is no command {given}: {hint}"))
}

/// A value that is not one of the possible values.
fn unknown_value(error: &clap::Error, program: &Command) -> Option<String> {
    let Some(ContextValue::Strings(possible)) = error.get(ContextKind::ValidValue) else { return None };
    let (shown, option, value) =
        (text(error, ContextKind::InvalidArg)?, option(error)?, text(error, ContextKind::InvalidValue)?);
    match (value.is_empty(), possible.is_empty()) {
        (true, true) => return Some(format!("{option} needs a value: give {shown}")),
        (true, false) => return Some(format!("{option} needs a value: one of {}", possible.join(", "))),
        (false, _) => {}
    }
    let spelling = value.replace('-', "_");
    if let Some(meant) = possible.iter().find(|possible| possible.eq_ignore_ascii_case(&spelling)) {
        return Some(format!("{option} is {value:?}: did you mean {meant}?"));
    }
    if let Some(other) = other_names::command_of_loss(&value, program).filter(|_| option == "--loss-type") {
        return Some(format!("{option} {value} is for another command: use {other}"));
    }
    let meant = nearest_name(&value, possible.iter().map(String::as_str));
    let hint = meant.map_or_else(String::new, |meant| format!("did you mean {meant}? "));
    Some(
        format!("{option} is {value:?}: {hint}Expected one of {}", possible.join(", "))
            .replace(": Expected", ": expected"),
    )
}

/// A value that cannot be parsed.
fn unreadable_value(error: &clap::Error) -> Option<String> {
    let (option, value) = (option(error)?, text(error, ContextKind::InvalidValue)?);
    let problem = std::error::Error::source(error)?.to_string();
    let expected = match problem.as_str() {
        "invalid float literal" | "cannot parse float from empty string" => "expected a number",
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "expected a whole number, 0 or more"
        }
        _ if problem.ends_with("is not in 0..=18446744073709551615") || problem.starts_with("number too large") => {
            "expected a whole number below 2^64"
        }
        _ if problem.starts_with("column names: ") => {
            return Some(problem.replacen("column names", &option, 1));
        }
        _ => {
            // Libraries begin with the name of the field.
            let field = option.trim_start_matches('-').replace('-', "_");
            let problem = problem.strip_prefix(&format!("{field}: ")).unwrap_or(&problem);
            return Some(format!("{option} is {value:?}: {problem}"));
        }
    };
    Some(format!("{option} is {value:?}, {expected}"))
}

fn needless_value(error: &clap::Error) -> Option<String> {
    let (option, value) = (option(error)?, text(error, ContextKind::InvalidValue)?);
    Some(flag_with_value(&option, &value))
}

/// What to do about a value of an option that takes none, as transformers' `--use_peft false`.
fn flag_with_value(flag: &str, value: &str) -> String {
    match ["false", "no", "f", "n", "0"].iter().any(|no| value.eq_ignore_ascii_case(no)) {
        true => format!("{flag} takes no value: leave out {flag} {value}, which is the default"),
        false => format!("{flag} takes no value: leave out {value}"),
    }
}

/// Required options that are missing: required always, or by one of the given options.
fn missing_options(error: &clap::Error, program: &Command, command: &Command, given: &[OsString]) -> Option<String> {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else { return None };
    let name = command.get_name();
    // Clap marks options with several values by dots.
    let all = missing.iter().map(|shown| shown.trim_end_matches("...")).collect::<Vec<_>>().join(" and ");
    let is_required = |shown: &String| {
        let long = shown.trim_start_matches("--").split(' ').next();
        command.get_arguments().any(|known| known.is_required_set() && known.get_long() == long)
    };
    let needs = format!("align {name} needs {all}. align {name} -h shows an example");
    if missing.iter().any(is_required) {
        return Some(needs);
    }
    // Without the option that requires the missing one, the missing one is no longer missing.
    let lacks_without = |at: usize| {
        let takes_value = given.get(at + 1).is_some_and(|next| !next.as_encoded_bytes().starts_with(b"--"));
        let until = at + 1 + usize::from(takes_value);
        let rest =
            given.iter().enumerate().filter(|(index, _)| !(at..until).contains(index)).map(|(_, argument)| argument);
        let arguments = [OsString::from("align"), name.into()].into_iter().chain(rest.cloned());
        let other = program.clone().try_get_matches_from(arguments).err();
        match other.as_ref().and_then(|other| other.get(ContextKind::InvalidArg)) {
            Some(ContextValue::Strings(others)) => missing.iter().all(|option| others.contains(option)),
            _ => false,
        }
    };
    let options = given.iter().enumerate().filter(|(_, argument)| argument.as_encoded_bytes().starts_with(b"--"));
    // An option that another one can replace is not required by a third.
    let Some((_, requiring)) = options.into_iter().find(|(at, _)| !lacks_without(*at)) else { return Some(needs) };
    let requiring = requiring.to_string_lossy();
    let requiring = requiring.split('=').next().unwrap_or_default();
    Some(format!("{requiring} has no effect without {all}: add {all}, or remove {requiring}"))
}

fn conflict(error: &clap::Error) -> Option<String> {
    let shown = |text: &str| text.split([' ', '=']).next().unwrap_or_default().to_owned();
    let option = shown(&text(error, ContextKind::InvalidArg)?);
    let others = match error.get(ContextKind::PriorArg)? {
        ContextValue::String(other) => shown(other),
        ContextValue::Strings(others) => others.iter().map(|other| shown(other)).collect::<Vec<_>>().join(", "),
        _ => return None,
    };
    Some(match option == others {
        true => format!("{option} is given twice: give it once"),
        false => format!("{option} conflicts with {others}: remove one of them"),
    })
}
