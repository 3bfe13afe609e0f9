use crate::value::{Array, Value};
use crate::{GgufError, Result};

/// The metadata of a file: values by key, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    fields: Vec<(String, Value)>,
}

impl Metadata {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.fields.iter().find(|(other, _)| other == key).map(|(_, value)| value)
    }

    /// Sets a value.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        match self.fields.iter_mut().find(|(other, _)| *other == key) {
            Some((_, old)) => *old = value,
            None => self.fields.push((key, value)),
        }
    }

    /// The fields of a file, unless two have the same key. Returns that key.
    pub(crate) fn from_fields(fields: Vec<(String, Value)>) -> Result<Self, String> {
        let mut keys: Vec<&str> = fields.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        match keys.array_windows().find(|[one, next]| one == next) {
            Some([key, _]) => Err((*key).to_owned()),
            None => Ok(Self { fields }),
        }
    }

    /// The keys and values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.fields.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The text of a key; `None` if the key is missing.
    ///
    /// # Errors
    /// The value is not a text.
    pub fn text(&self, key: &str) -> Result<Option<&str>> {
        self.typed(key, "a text", |value| match value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The whole number of a key; `None` if the key is missing.
    ///
    /// # Errors
    /// The value is not a whole number, or it is negative.
    pub fn u64(&self, key: &str) -> Result<Option<u64>> {
        self.typed(key, "a whole number", Value::as_u64)
    }

    /// The number of a key, see [`Value::as_f64`]; `None` if the key is missing.
    ///
    /// # Errors
    /// The value is not a number.
    pub fn f64(&self, key: &str) -> Result<Option<f64>> {
        self.typed(key, "a number", Value::as_f64)
    }

    /// The flag of a key; `None` if the key is missing.
    ///
    /// # Errors
    /// The value is not a flag.
    pub fn bool(&self, key: &str) -> Result<Option<bool>> {
        self.typed(key, "true or false", |value| match value {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        })
    }

    /// The list of texts of a key; `None` if the key is missing.
    ///
    /// # Errors
    /// The value is not a list of texts.
    pub fn texts(&self, key: &str) -> Result<Option<&[String]>> {
        self.typed(key, "a list of texts", |value| match value {
            Value::Array(Array::String(texts)) => Some(texts.as_slice()),
            _ => None,
        })
    }

    /// The list of 32-bit floats of a key; `None` if the key is missing.
    ///
    /// # Errors
    /// The value is not such a list.
    pub fn f32s(&self, key: &str) -> Result<Option<&[f32]>> {
        self.typed(key, "a list of 32-bit floats", |value| match value {
            Value::Array(Array::F32(numbers)) => Some(numbers.as_slice()),
            _ => None,
        })
    }

    /// The list of 32-bit integers of a key; `None` if the key is missing.
    ///
    /// # Errors
    /// The value is not such a list.
    pub fn i32s(&self, key: &str) -> Result<Option<&[i32]>> {
        self.typed(key, "a list of 32-bit integers", |value| match value {
            Value::Array(Array::I32(numbers)) => Some(numbers.as_slice()),
            _ => None,
        })
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        expected: &str,
        convert: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        convert(value).map(Some).ok_or_else(|| GgufError::Field {
            key: key.to_owned(),
            reason: format!("expected {expected}, found {}", value.describe()),
        })
    }
}

impl FromIterator<(String, Value)> for Metadata {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        let mut metadata = Self::default();
        for (key, value) in fields {
            metadata.set(key, value);
        }
        metadata
    }
}
