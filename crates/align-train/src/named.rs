use serde::de::DeserializeOwned;

/// Reads an option's value by the name that serde gives it.
pub(crate) fn parse<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    // serde_json lists the names that it knows when this one is none of them.
    serde_json::from_value(name.into()).map_err(|e| e.to_string())
}
