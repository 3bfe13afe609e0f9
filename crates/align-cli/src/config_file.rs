//! `--config FILE.toml`: options read from a file.

use crate::Failure;
use clap::Command;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Maximum size of a config file, in bytes.
const MAX_FILE_SIZE: u64 = 1 << 20;

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
            Some("--config") => Some(given.next().ok_or("--config needs a file")?),
            Some(text) => text.strip_prefix("--config=").map(OsString::from),
            None => None,
        };
        match value {
            Some(_) if file.is_some() => return Err("--config is given twice: give it once".into()),
            Some(value) => file = Some(PathBuf::from(value)),
            None => rest.push(argument),
        }
    }
    Ok((file, rest))
}

/// Converts a TOML file's keys to command-line options: `learning_rate = 1e-5` becomes `--learning-rate=1e-5`.
pub fn read(path: &Path, command: &Command) -> Result<Vec<OsString>, Failure> {
    let fail = |reason: String| format!("{}: {reason}", path.display());
    let metadata = std::fs::metadata(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
    if !metadata.is_file() || metadata.len() > MAX_FILE_SIZE {
        return Err(fail(format!("expected a TOML file of at most {MAX_FILE_SIZE} bytes")).into());
    }
    let text = std::fs::read_to_string(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
    // Some editors write a byte-order mark before the text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| fail(e.to_string()))?;
    let option = |(key, value): (&String, &toml::Value)| {
        let name = key.replace('_', "-");
        let Some(known) = command.get_arguments().find(|known| known.get_long() == Some(&name)) else {
            let known = command.get_arguments().filter_map(|argument| argument.get_long());
            let nearest = align_train::nearest_name(&name, known);
            let hint = nearest.map(|name| format!("; did you mean {}?", name.replace('-', "_"))).unwrap_or_default();
            return Err(fail(format!("there is no option {key:?}{hint}")));
        };
        // A flag without a value: true adds it, false leaves it out.
        if !known.get_action().takes_values() {
            let toml::Value::Boolean(on) = value else {
                return Err(fail(format!("{key} is a {}, expected true or false", value.type_str())));
            };
            return Ok(on.then(|| OsString::from(format!("--{name}"))));
        }
        let value = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => value.to_string(),
            toml::Value::Array(values) => {
                let texts = values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                texts.collect::<Vec<_>>().join(",")
            }
            other => return Err(fail(format!("{key} is a {}, expected one value or a list", other.type_str()))),
        };
        Ok(Some(OsString::from(format!("--{name}={value}"))))
    };
    let option_name = |key: &str| key.replace('_', "-");
    for (key, other) in table.keys().enumerate().flat_map(|(at, key)| table.keys().skip(at + 1).map(move |o| (key, o)))
    {
        if option_name(key) == option_name(other) {
            return Err(fail(format!("{key} and {other} are the same option: leave one of them out")).into());
        }
    }
    let given: Vec<Option<OsString>> = table.iter().map(option).collect::<Result<_, _>>()?;
    Ok(given.into_iter().flatten().collect())
}
