use crate::spec_kind::{KINDS, SpecKind};
use crate::{CommandOptions, CommandReward, Error, JsonKeysReward, LengthReward, RegexReward, Result, RewardFunction};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A built-in reward function as text: `KIND:VALUE`, or `NAME=KIND:VALUE` with a name of its own.
///
/// | text | 1 for completions that …, otherwise 0 |
/// | --- | --- |
/// | `regex:PATTERN` | contain a match of a [regular expression](crate::RegexReward) |
/// | `full-regex:PATTERN` | match it as a whole |
/// | `max-words:N` | have at most `N` words |
/// | `words:MIN..MAX`, `characters:MIN..MAX` | have a length in the range, both ends included; either end may be missing |
/// | `json-object` | are a single JSON object |
/// | `json-keys:KEY,KEY` | are a single JSON object [with these keys](crate::JsonKeysReward) |
/// | `json-schema:FILE` | are a single JSON value that the schema in a file accepts (feature `json-schema`) |
/// | `command:PROGRAM ARGUMENTS` | any number that [a program](crate::CommandReward) answers; quotation marks keep words together |
///
/// ```
/// use align_rewards::RewardSpec;
/// let spec: RewardSpec = "short=words:1..40".parse()?;
/// assert_eq!((spec.name(), spec.to_string().as_str()), ("short", "short=words:1..40"));
/// assert!("words:40".parse::<RewardSpec>().is_err());
/// # Ok::<(), align_rewards::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RewardSpec {
    name: Option<String>,
    kind: SpecKind,
}

impl RewardSpec {
    /// The name in metrics and messages: that before the `=`, or that of the kind.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.kind.name())
    }

    /// What the function is.
    pub fn kind(&self) -> &SpecKind {
        &self.kind
    }

    /// An example of each kind, for help.
    pub fn examples() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|described| described.example)
    }

    /// Creates the function. Files are read now; a program is started when it is first needed.
    ///
    /// # Errors
    /// A pattern, range, key or schema that cannot be used.
    pub fn build(&self, options: &CommandOptions) -> Result<Box<dyn RewardFunction>> {
        let name = self.name();
        // Messages show the whole text.
        self.build_named(name, options).map_err(|problem| match problem {
            Error::Spec { reason, .. } => Error::Spec { spec: self.to_string(), reason },
            other => other,
        })
    }

    fn build_named(&self, name: &str, options: &CommandOptions) -> Result<Box<dyn RewardFunction>> {
        Ok(match &self.kind {
            SpecKind::Regex { pattern, part } => Box::new(RegexReward::new(name, pattern, *part)?),
            SpecKind::Length { unit, min, max } => Box::new(LengthReward::new(name, *unit, *min, *max)?),
            SpecKind::JsonKeys(keys) => Box::new(JsonKeysReward::new(name, keys.iter().cloned())?),
            #[cfg(feature = "json-schema")]
            SpecKind::JsonSchema(path) => Box::new(crate::JsonSchemaReward::from_file(name, path)?),
            #[cfg(not(feature = "json-schema"))]
            SpecKind::JsonSchema(_) => {
                let reason = "this program was built without the feature json-schema".into();
                return Err(Error::Spec { spec: self.to_string(), reason });
            }
            SpecKind::Command { program, arguments } => {
                Box::new(CommandReward::new(name, program, arguments.iter().cloned(), *options))
            }
        })
    }
}

impl FromStr for RewardSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fail = |reason: String| Error::Spec { spec: text.to_owned(), reason };
        // An equals sign after the colon belongs to the value.
        let (before_colon, _) = text.split_once(':').unwrap_or((text, ""));
        let (name, rest) = match before_colon.split_once('=') {
            Some((name, _)) => (Some(name.trim()), text.get(name.len() + 1..).unwrap_or_default()),
            None => (None, text),
        };
        if let Some(name) = name {
            let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if name.is_empty() || !name.chars().all(valid) {
                return Err(fail("the name before = may have letters, digits, hyphens, underscores and points".into()));
            }
        }
        let (kind, value) = match rest.split_once(':') {
            Some((kind, value)) => (kind, Some(value)),
            None => (rest, None),
        };
        let kind = SpecKind::parse(kind.trim(), value).map_err(fail)?;
        let spec = Self { name: name.map(str::to_owned), kind };
        // Checks all that needs no file.
        match spec.kind {
            SpecKind::JsonSchema(_) | SpecKind::Command { .. } => Ok(spec),
            _ => spec.build(&CommandOptions::default()).map(|_| spec),
        }
    }
}

impl fmt::Display for RewardSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}={}", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl TryFrom<String> for RewardSpec {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<RewardSpec> for String {
    fn from(spec: RewardSpec) -> Self {
        spec.to_string()
    }
}
