//! Numbers out of JSON, which has no NaN and no infinities: serde_json writes them as null.

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// A number, or NaN for null.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// The same of numbers by name.
pub(crate) fn map<'de, D: Deserializer<'de>, K: Deserialize<'de> + Ord>(
    deserializer: D,
) -> Result<BTreeMap<K, f64>, D::Error> {
    let all = BTreeMap::<K, Option<f64>>::deserialize(deserializer)?;
    Ok(all.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect())
}
