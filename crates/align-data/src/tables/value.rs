use std::borrow::Cow;

/// The value of one table cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float32(f32),
    Float(f64),
    Text(&'a str),
    /// A list or object, as JSON text.
    Json(&'a str),
}

impl<'a> Value<'a> {
    /// The value as text. Labels may be stored as any of these types.
    pub fn to_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Null => None,
            Self::Bool(value) => Some(if value { "true" } else { "false" }.into()),
            Self::Int(number) => Some(number.to_string().into()),
            Self::Unsigned(number) => Some(number.to_string().into()),
            Self::Float32(number) => Some(number.to_string().into()),
            Self::Float(number) => Some(number.to_string().into()),
            Self::Text(text) | Self::Json(text) => Some(text.into()),
        }
    }

    /// What the value is, for error messages.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Null => "nothing (null)",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Unsigned(_) | Self::Float32(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::Json(json) if json.starts_with('[') => "a list",
            Self::Json(_) => "an object",
        }
    }

    /// The value as a number.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(number as f64),
            Self::Unsigned(number) => Some(number as f64),
            Self::Float32(number) => Some(number.into()),
            Self::Float(number) => Some(number),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::Json(_) => None,
        }
    }
}
