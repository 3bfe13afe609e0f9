//! Serde support for options that transformers writes as `null` if they are not set.

use serde::{Deserialize, Deserializer};

pub(super) fn null_is_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(d: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

pub(super) fn null_is_one<'de, T: Deserialize<'de> + From<u8>, D: Deserializer<'de>>(d: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_else(|| T::from(1)))
}
