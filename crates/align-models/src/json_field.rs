//! Values out of JSON, with the field's name in the message where one does not fit.

use serde::de::{DeserializeOwned, Deserializer};

/// What `json` holds.
///
/// # Errors
/// The field's name, and what is wrong with its value.
pub(crate) fn named<'de, T: DeserializeOwned, D: Deserializer<'de>>(json: D) -> Result<T, String> {
    serde_path_to_error::deserialize(json).map_err(|error| match error.path().to_string().as_str() {
        "." | "?" => error.inner().to_string(),
        field => format!("`{field}`: {}", error.inner()),
    })
}
