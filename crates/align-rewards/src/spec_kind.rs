use crate::{LengthUnit, RegexMatch};
use std::fmt;
use std::path::PathBuf;

/// A built-in reward function without its name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecKind {
    /// `regex:PATTERN` or `full-regex:PATTERN`.
    Regex {
        /// The regular expression.
        pattern: String,
        /// What it has to match.
        part: RegexMatch,
    },
    /// `words:MIN..MAX` or `characters:MIN..MAX`; `max-words:N` for `words:..N`.
    Length {
        /// What is counted.
        unit: LengthUnit,
        /// The smallest length.
        min: Option<usize>,
        /// The largest length.
        max: Option<usize>,
    },
    /// `json-object`, or `json-keys:KEY,KEY`.
    JsonKeys(Vec<String>),
    /// `json-schema:FILE`.
    JsonSchema(PathBuf),
    /// `command:PROGRAM ARGUMENTS`.
    Command {
        /// The program.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

/// What a list of the kinds shows of one.
pub(crate) struct Described {
    pub name: &'static str,
    /// What stands after the colon; empty for none.
    pub value: &'static str,
    pub example: &'static str,
}

/// All kinds.
pub(crate) const KINDS: [Described; 9] = [
    Described { name: "regex", value: "PATTERN", example: "regex:[0-9]+" },
    Described { name: "full-regex", value: "PATTERN", example: "full-regex:yes|no" },
    Described { name: "max-words", value: "N", example: "max-words:40" },
    Described { name: "words", value: "MIN..MAX", example: "words:10..40" },
    Described { name: "characters", value: "MIN..MAX", example: "characters:..280" },
    Described { name: "json-object", value: "", example: "json-object" },
    Described { name: "json-keys", value: "KEY,KEY", example: "json-keys:answer,reason" },
    Described { name: "json-schema", value: "FILE", example: "json-schema:answer.json" },
    Described { name: "command", value: "PROGRAM ARGUMENTS", example: "command:python3 score.py" },
];

impl SpecKind {
    /// Parses the name of a kind and what stands after the colon. The error says what is wrong.
    pub(crate) fn parse(kind: &str, value: Option<&str>) -> Result<Self, String> {
        let Some(described) = KINDS.iter().find(|described| described.name == kind) else {
            let known = KINDS.map(|described| described.name).join(", ");
            return Err(format!("{kind:?} is no reward function: choose one of {known}"));
        };
        let example = described.example;
        let value = match (value.map(str::trim).unwrap_or_default(), described.value) {
            (value, "") if !value.is_empty() => return Err(format!("{kind} takes no value: write {example}")),
            ("", expected) if !expected.is_empty() => return Err(format!("{expected} is missing, as in {example}")),
            // White space is part of a pattern.
            (_, "PATTERN") => value.unwrap_or_default(),
            (trimmed, _) => trimmed,
        };
        let range = |unit| {
            let (min, max) = parse_range(value).ok_or_else(|| format!("{value:?} is no range: write {example}"))?;
            Ok(Self::Length { unit, min, max })
        };
        match kind {
            "regex" => Ok(Self::Regex { pattern: value.to_owned(), part: RegexMatch::Part }),
            "full-regex" => Ok(Self::Regex { pattern: value.to_owned(), part: RegexMatch::Whole }),
            "max-words" => match value.parse() {
                Ok(max) => Ok(Self::Length { unit: LengthUnit::Words, min: None, max: Some(max) }),
                Err(_) => Err(format!("{value:?} is no whole number: write {example}")),
            },
            "words" => range(LengthUnit::Words),
            "characters" => range(LengthUnit::Characters),
            "json-object" => Ok(Self::JsonKeys(Vec::new())),
            "json-keys" => Ok(Self::JsonKeys(value.split(',').map(|key| key.trim().to_owned()).collect())),
            "json-schema" => Ok(Self::JsonSchema(value.into())),
            _ => parse_command(value),
        }
    }

    /// The name of the kind, which is the name of a function without one of its own.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Regex { part: RegexMatch::Part, .. } => "regex",
            Self::Regex { part: RegexMatch::Whole, .. } => "full-regex",
            Self::Length { unit: LengthUnit::Words, min: None, max: Some(_) } => "max-words",
            Self::Length { unit: LengthUnit::Words, .. } => "words",
            Self::Length { unit: LengthUnit::Characters, .. } => "characters",
            Self::JsonKeys(keys) if keys.is_empty() => "json-object",
            Self::JsonKeys(_) => "json-keys",
            Self::JsonSchema(_) => "json-schema",
            Self::Command { .. } => "command",
        }
    }
}

impl fmt::Display for SpecKind {
    /// The text that is parsed to this kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Regex { pattern, .. } => write!(f, ":{pattern}"),
            Self::Length { unit: LengthUnit::Words, min: None, max: Some(max) } => write!(f, ":{max}"),
            Self::Length { min, max, .. } => {
                let end = |end: &Option<usize>| end.map(|end| end.to_string()).unwrap_or_default();
                write!(f, ":{}..{}", end(min), end(max))
            }
            Self::JsonKeys(keys) if keys.is_empty() => Ok(()),
            Self::JsonKeys(keys) => write!(f, ":{}", keys.join(",")),
            Self::JsonSchema(path) => write!(f, ":{}", path.display()),
            Self::Command { program, arguments } => {
                let words = std::iter::once(program).chain(arguments).map(String::as_str);
                // A NUL character, which is refused when the program is started, cannot be quoted.
                let joined = shlex::try_join(words.clone());
                write!(f, ":{}", joined.unwrap_or_else(|_| words.collect::<Vec<_>>().join(" ")))
            }
        }
    }
}

/// The ends of `MIN..MAX`, of which one may be missing.
fn parse_range(text: &str) -> Option<(Option<usize>, Option<usize>)> {
    let (min, max) = text.split_once("..")?;
    let end = |text: &str| match text.trim() {
        "" => Some(None),
        number => Some(Some(number.parse().ok()?)),
    };
    Some((end(min)?, end(max)?))
}

fn parse_command(text: &str) -> Result<SpecKind, String> {
    if text.contains('\0') {
        return Err("a command cannot have NUL characters".into());
    }
    let mut words = shlex::split(text).ok_or("a quotation mark is not closed")?.into_iter();
    match words.next() {
        Some(program) if !program.is_empty() => Ok(SpecKind::Command { program, arguments: words.collect() }),
        _ => Err("the program is missing, as in command:python3 score.py".into()),
    }
}
