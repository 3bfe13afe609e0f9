use crate::{Error, Result};
use regex::{Regex, RegexBuilder};

/// Largest compiled expression, in bytes.
const BYTES: usize = 1 << 20;

/// Longest expression, in bytes.
const LONGEST: usize = 16 << 10;

/// A regular expression in Python's syntax that matches a module's name or a suffix of it after a dot.
#[derive(Debug)]
pub(super) enum NamePattern {
    /// Letters, digits, underscores, and dots, which match any character.
    Plain(String),
    Regex(Regex),
}

impl NamePattern {
    /// # Errors
    /// The errors of [`regex`].
    pub fn new(option: &'static str, text: &str) -> Result<Self> {
        match Self::is_expression(text) {
            true => Ok(Self::Regex(regex(option, &format!(r"^(?:.*\.)?(?:{text})$"))?)),
            false => Ok(Self::Plain(text.to_owned())),
        }
    }

    /// Whether the text is a regular expression and not only a name.
    pub fn is_expression(text: &str) -> bool {
        !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.')
    }

    pub fn is_match(&self, module: &str) -> bool {
        match self {
            Self::Regex(regex) => regex.is_match(module),
            Self::Plain(text) => {
                let Some((front, end)) =
                    module.len().checked_sub(text.len()).and_then(|at| module.split_at_checked(at))
                else {
                    return false;
                };
                let matches = end.bytes().zip(text.bytes()).all(|(byte, wanted)| byte == wanted || wanted == b'.');
                matches && (front.is_empty() || front.ends_with('.'))
            }
        }
    }
}

/// Compiles the regular expression of an option.
///
/// # Errors
/// The expression is invalid, very large, or has look-around or a back-reference.
pub(super) fn regex(option: &'static str, text: &str) -> Result<Regex> {
    if text.len() > LONGEST {
        let reason = format!("contains an expression of {} bytes, at most {LONGEST} are supported", text.len());
        return Err(Error::LoraOption { option, reason });
    }
    let built = RegexBuilder::new(text).size_limit(BYTES).dfa_size_limit(BYTES).build();
    built.map_err(|problem| Error::LoraOption {
        option,
        reason: format!("contains an invalid or unsupported expression: {problem}"),
    })
}
