use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// When beam search may stop before `max_length`; transformers' `early_stopping`, written `false`, `true` or `"never"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EarlyStopping {
    /// When the best running beam, scored at its current length, is worse than the worst finished text (`false`).
    #[default]
    Heuristic,
    /// As soon as `num_beams` texts are finished (`true`).
    Full,
    /// Only when no running beam can become better than the worst finished text at any length (`"never"`).
    Never,
}

impl fmt::Display for EarlyStopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heuristic => "false",
            Self::Full => "true",
            Self::Never => "never",
        })
    }
}

impl FromStr for EarlyStopping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "false" => Ok(Self::Heuristic),
            "true" => Ok(Self::Full),
            "never" => Ok(Self::Never),
            other => Err(format!("`{other}`: expected false, true or never")),
        }
    }
}

impl Serialize for EarlyStopping {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Heuristic => serializer.serialize_bool(false),
            Self::Full => serializer.serialize_bool(true),
            Self::Never => serializer.serialize_str("never"),
        }
    }
}

impl<'de> Deserialize<'de> for EarlyStopping {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BoolOrNever;
        impl Visitor<'_> for BoolOrNever {
            type Value = EarlyStopping;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("false, true or \"never\"")
            }

            fn visit_bool<E: Error>(self, full: bool) -> Result<EarlyStopping, E> {
                Ok(if full { EarlyStopping::Full } else { EarlyStopping::Heuristic })
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<EarlyStopping, E> {
                match text {
                    "never" => Ok(EarlyStopping::Never),
                    other => Err(E::invalid_value(Unexpected::Str(other), &self)),
                }
            }
        }
        deserializer.deserialize_any(BoolOrNever)
    }
}
