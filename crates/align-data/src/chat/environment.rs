//! What transformers gives chat templates beyond Jinja: functions, filters, Python's methods; and the limits.

use super::guards;
use super::json::tojson;
use super::python_methods::call_method;
use super::python_text::{is_space, python_str};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State};
use std::fmt::Write;

/// Deepest nesting of statements, calls and macros, of which a macro counts several times.
const MAX_DEPTH: usize = 200;
/// The work that a template may do, besides one unit for each byte of a long conversation. Each operation counts, and each 64 bytes of text. Known
/// templates take a few hundred for a message.
const FUEL: u64 = 1_000_000;

/// The message of `raise_exception`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Raised(pub String);

/// An environment with the settings of transformers.
pub(super) fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(print);
    environment.set_recursion_limit(MAX_DEPTH);
    environment.set_fuel(Some(FUEL));
    environment.set_unknown_method_callback(call_method);
    environment.add_filter("tojson", tojson);
    environment.add_filter("string", |state: &State, value: &Value| python_str(state, value));
    environment.add_filter("trim", trim);
    environment.add_function("raise_exception", raise_exception);
    environment.add_function("strftime_now", strftime_now);
    environment.add_test("sequence", |value: &Value| is_iterable(value) && value.kind() != ValueKind::Iterable);
    environment.add_test("iterable", is_iterable);
    guards::add_to(&mut environment);
    Ok(environment)
}

/// Prints a value as Python does.
fn print(output: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let written = match (value.as_str(), value.kind()) {
        (Some(text), _) => output.write_str(text),
        (None, ValueKind::Undefined) => Ok(()),
        (None, _) => output.write_str(&python_str(state, value)?),
    };
    written.map_err(|_| Error::new(ErrorKind::WriteFailure, "the text cannot be written"))
}

/// Whether Python can iterate over a value. Texts and undefined values are iterable, and sequences too.
fn is_iterable(value: &Value) -> bool {
    use ValueKind::{Iterable, Map, Seq, String, Undefined};
    matches!(value.kind(), Iterable | Map | Seq | String | Undefined)
}

/// Jinja's `trim`, which takes any value as text.
fn trim(state: &State, value: &Value, characters: Option<&str>) -> Result<String, Error> {
    let text = python_str(state, value)?;
    Ok(match characters {
        Some(characters) => text.trim_matches(|c| characters.contains(c)).to_owned(),
        None => text.trim_matches(is_space).to_owned(),
    })
}

fn raise_exception(state: &State, message: &Value) -> Result<Value, Error> {
    let message = python_str(state, message)?;
    Err(Error::new(ErrorKind::InvalidOperation, "raise_exception").with_source(Raised(message)))
}

/// The current local time in a format of Python's `strftime`.
fn strftime_now(format: &str) -> Result<String, Error> {
    let mut text = String::new();
    write!(text, "{}", chrono::Local::now().format(format)).map_err(|_| {
        Error::new(ErrorKind::InvalidOperation, format!("strftime_now: {format:?} is not a format of a date"))
    })?;
    Ok(text)
}
