use serde::{Deserialize, Serialize};

/// Modules of a model, selected by name as in the options of PEFT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Modules {
    /// A regular expression that matches the whole name of a module, or `all-linear`.
    Pattern(String),
    /// Names, or suffixes of names after a dot: `c_attn`, `mlp.c_proj`, `h.0.attn.c_attn`.
    Names(Vec<String>),
    /// Those that PEFT adapts by default in the model's architecture: `c_attn`, or `q_proj` and `v_proj`.
    Default,
}

/// PEFT's name for all linear layers except the output projection.
const ALL_LINEAR: &str = "all-linear";

impl Modules {
    /// Selects all linear layers except the output projection.
    #[must_use]
    pub fn all_linear() -> Self {
        Self::Pattern(ALL_LINEAR.to_owned())
    }

    /// Whether this is `all-linear`.
    #[must_use]
    pub fn is_all_linear(&self) -> bool {
        matches!(self, Self::Pattern(pattern) if pattern.eq_ignore_ascii_case(ALL_LINEAR))
    }

    /// Whether no modules are selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.is_empty(),
            Self::Names(names) => names.is_empty(),
            Self::Default => false,
        }
    }
}

/// A list of names. The single name `all-linear` selects all linear layers.
impl From<Vec<String>> for Modules {
    fn from(names: Vec<String>) -> Self {
        match names.as_slice() {
            [name] if name == ALL_LINEAR => Self::all_linear(),
            _ => Self::Names(names),
        }
    }
}
