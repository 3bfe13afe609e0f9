//! Options spelled with underscores: `--train_file` is `--train-file`.

use clap::Command;
use std::ffi::OsString;

/// Replaces the underscores in the names of known options. Values stay as they are, and so does everything after `--`.
pub fn use_dashes(given: &mut [OsString], command: &Command) {
    for argument in given.iter_mut().take_while(|argument| *argument != "--") {
        let Some(option) = argument.to_str().and_then(|text| text.strip_prefix("--")) else { continue };
        let (name, value) = option.split_at(option.find('=').unwrap_or(option.len()));
        let dashed = name.replace('_', "-");
        if dashed != name && command.get_arguments().any(|known| known.get_long() == Some(&dashed)) {
            *argument = format!("--{dashed}{value}").into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Arg;

    #[test]
    fn only_the_names_of_known_options_change() {
        let command = Command::new("dpo").arg(Arg::new("train_file").long("train-file"));
        let after = |given: &[&str]| {
            let mut given: Vec<OsString> = given.iter().map(OsString::from).collect();
            use_dashes(&mut given, &command);
            given.into_iter().map(|argument| argument.into_string().unwrap_or_default()).collect::<Vec<_>>()
        };
        assert_eq!(after(&["--train_file", "my_file"]), ["--train-file", "my_file"]);
        assert_eq!(after(&["--train_file=a_b=c_d"]), ["--train-file=a_b=c_d"]);
        assert_eq!(after(&["--no_such_option"]), ["--no_such_option"]);
        assert_eq!(after(&["train_file", "-train_file"]), ["train_file", "-train_file"]);
        assert_eq!(after(&["--", "--train_file"]), ["--", "--train_file"]);
    }
}
