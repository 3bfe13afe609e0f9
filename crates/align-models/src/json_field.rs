//! Deserialising JSON with the field name in the error message.

use serde::de::{DeserializeOwned, Deserializer};

/// Deserialises a value.
///
/// # Errors
/// A message with the name of the field and the problem.
pub(crate) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(json: D) -> Result<T, String> {
    serde_path_to_error::deserialize(json).map_err(|error| match error.path().to_string().as_str() {
        "." | "?" => error.inner().to_string(),
        field => format!("`{field}`: {}", error.inner()),
    })
}
