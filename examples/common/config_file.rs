use super::Failure;
use clap::Parser;
use std::ffi::OsString;
use std::path::Path;

/// Parses the command line; `--config FILE.toml` stands for its keys as options, and options given beside it win.
pub fn parse<O: Parser>() -> Result<O, Failure> {
    let mut given = std::env::args_os();
    let program = given.next().unwrap_or_default();
    let mut own: Vec<OsString> = given.collect();
    let mut from_file = Vec::new();
    if let Some(at) = own.iter().position(|arg| arg == "--config") {
        if at + 1 >= own.len() {
            return Err("--config needs a file".into());
        }
        let taken: Vec<OsString> = own.drain(at..at + 2).collect();
        from_file = read(Path::new(&taken[1]))?;
    }
    // The last of an option's values wins: the command line stands behind the file.
    let command = O::command().args_override_self(true);
    let matches = command.get_matches_from(std::iter::once(program).chain(from_file).chain(own));
    Ok(O::from_arg_matches(&matches)?)
}

/// A TOML file's keys as options: `learning_rate = 1e-5` is `--learning-rate=1e-5`.
fn read(path: &Path) -> Result<Vec<OsString>, Failure> {
    let fail = |reason: String| format!("{}: {reason}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| fail(e.to_string()))?;
    let option = |(key, value): (&String, &toml::Value)| {
        let name = key.replace('_', "-");
        let value = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(_) | toml::Value::Float(_) | toml::Value::Boolean(_) => value.to_string(),
            other => return Err(fail(format!("{key} is a {}, expected one value", other.type_str()))),
        };
        Ok(OsString::from(format!("--{name}={value}")))
    };
    Ok(table.iter().map(option).collect::<Result<_, _>>()?)
}
