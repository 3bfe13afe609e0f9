//! Reading numbers from JSON. JSON has no NaN and no infinity; serde_json writes them as null.

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Reads a number, or NaN for null.
pub(crate) fn nan_if_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Reads a map of numbers, with NaN for null.
pub(crate) fn map_nan_if_null<'de, D: Deserializer<'de>, K: Deserialize<'de> + Ord>(
    deserializer: D,
) -> Result<BTreeMap<K, f64>, D::Error> {
    let all = BTreeMap::<K, Option<f64>>::deserialize(deserializer)?;
    Ok(all.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
}
