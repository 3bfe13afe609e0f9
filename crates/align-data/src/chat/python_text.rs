//! Values as Python's `str` and `repr` write them.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, State};

/// Deepest nesting of a value that is written as text.
const MAX_DEPTH: usize = 100;
/// The bytes of text that one unit of work pays for.
const BYTES_PER_FUEL: usize = 64;

/// Python's `str.isspace` of one character.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str(value)`.
pub(super) fn python_str(state: &State, value: &Value) -> Result<String, Error> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => {
            let mut text = LimitedText::new(state);
            text.write_repr(value, 0)?;
            Ok(text.text)
        }
    }
}

/// Python's `repr` of a floating-point number.
pub(super) fn python_float(value: f64) -> String {
    let magnitude = value.abs();
    if !value.is_finite() {
        let text = if value.is_nan() { "nan" } else { "inf" };
        return if value < 0.0 { format!("-{text}") } else { text.to_owned() };
    }
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    let text = value.to_string();
    if text.contains('.') { text } else { text + ".0" }
}

/// A text that grows as far as the template's work allows.
pub(super) struct LimitedText<'a, 'state, 'env> {
    state: &'a State<'state, 'env>,
    pub text: String,
}

impl<'a, 'state, 'env> LimitedText<'a, 'state, 'env> {
    pub fn new(state: &'a State<'state, 'env>) -> Self {
        Self { state, text: String::new() }
    }

    /// Adds a text, which counts as work.
    pub fn push(&mut self, text: &str) -> Result<(), Error> {
        self.push_repeated(text, 1)
    }

    pub fn push_repeated(&mut self, text: &str, count: usize) -> Result<(), Error> {
        let bytes = text.len().saturating_mul(count);
        self.state.consume_fuel((bytes / BYTES_PER_FUEL) as u64 + 1)?;
        (0..count).for_each(|_| self.text.push_str(text));
        Ok(())
    }

    /// Checks the depth of a value's part.
    pub fn check_depth(&self, depth: usize) -> Result<(), Error> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        Err(Error::new(ErrorKind::InvalidOperation, format!("a value is nested deeper than {MAX_DEPTH} levels")))
    }

    /// Adds Python's `repr` of a value.
    fn write_repr(&mut self, value: &Value, depth: usize) -> Result<(), Error> {
        self.check_depth(depth)?;
        match value.kind() {
            ValueKind::Undefined => Ok(()),
            ValueKind::String => self.push(&quoted(value.as_str().unwrap_or_default())),
            ValueKind::Number if !value.is_integer() => {
                let number = f64::try_from(value.clone()).map(python_float);
                self.push(&number.unwrap_or_else(|_| value.to_string()))
            }
            ValueKind::Seq => {
                let brackets = if value.is_tuple() { ["(", ")"] } else { ["[", "]"] };
                self.push(brackets[0])?;
                for (index, item) in value.try_iter()?.checked().enumerate() {
                    self.push(if index > 0 { ", " } else { "" })?;
                    self.write_repr(&item?, depth + 1)?;
                }
                self.push(if value.is_tuple() && value.len() == Some(1) { "," } else { "" })?;
                self.push(brackets[1])
            }
            ValueKind::Map => {
                self.push("{")?;
                for (index, key) in value.try_iter()?.checked().enumerate() {
                    let key = key?;
                    self.push(if index > 0 { ", " } else { "" })?;
                    self.write_repr(&key, depth + 1)?;
                    self.push(": ")?;
                    self.write_repr(&value.get_item(&key)?, depth + 1)?;
                }
                self.push("}")
            }
            _ => self.push(&value.to_string()),
        }
    }
}

/// Python's `repr` of a string.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            c if c == quote => quoted.extend(['\\', c]),
            ' ' => quoted.push(' '),
            c if c.is_control() || is_space(c) => {
                quoted.push_str(&match u32::from(c) {
                    code @ ..=0xff => format!("\\x{code:02x}"),
                    code => format!("\\u{code:04x}"),
                });
            }
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}
