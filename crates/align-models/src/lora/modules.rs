use serde::{Deserialize, Serialize};

/// Modules of a model by their names, as PEFT's options say them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Modules {
    /// A regular expression that a module's whole name fits, or `all-linear`.
    Pattern(String),
    /// Names, or ends of names from a dot on: `c_attn`, `mlp.c_proj`, `h.0.attn.c_attn`.
    Names(Vec<String>),
}

/// What PEFT calls all linear layers but the output projection.
const ALL_LINEAR: &str = "all-linear";

impl Modules {
    /// All linear layers but the output projection.
    #[must_use]
    pub fn all_linear() -> Self {
        Self::Pattern(ALL_LINEAR.to_owned())
    }

    /// Whether that is what is named.
    #[must_use]
    pub fn is_all_linear(&self) -> bool {
        matches!(self, Self::Pattern(pattern) if pattern.eq_ignore_ascii_case(ALL_LINEAR))
    }

    /// Whether nothing is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.is_empty(),
            Self::Names(names) => names.is_empty(),
        }
    }
}

/// A list of names; `all-linear` alone is no name.
impl From<Vec<String>> for Modules {
    fn from(names: Vec<String>) -> Self {
        match names.as_slice() {
            [name] if name == ALL_LINEAR => Self::all_linear(),
            _ => Self::Names(names),
        }
    }
}
