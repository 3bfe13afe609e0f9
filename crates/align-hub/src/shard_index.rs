use crate::file_name;
use crate::server_message::printable;
use crate::{HubError, ModelName, Result};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// More than the index of the largest models needs.
const MAX_BYTES: u64 = 64 << 20;
const MAX_SHARDS: usize = 10_000;

#[derive(Deserialize)]
struct ShardIndex {
    weight_map: Shards,
}

/// The distinct shards of a `weight_map`. Tensor names are not kept.
struct Shards(BTreeSet<String>);

impl<'de> Deserialize<'de> for Shards {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct WeightMap;
        impl<'de> Visitor<'de> for WeightMap {
            type Value = Shards;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object that maps tensors to shards")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut tensors: A) -> std::result::Result<Shards, A::Error> {
                let mut shards = BTreeSet::new();
                while let Some((IgnoredAny, shard)) = tensors.next_entry::<_, String>()? {
                    shards.insert(shard);
                    if shards.len() > MAX_SHARDS {
                        return Err(A::Error::custom(format!("more than {MAX_SHARDS} shards")));
                    }
                }
                Ok(Shards(shards))
            }
        }
        deserializer.deserialize_map(WeightMap)
    }
}

/// Reads the distinct shard names of a weight index. They must be plain file names.
pub(crate) fn read_shards(model: &ModelName, path: &Path, name: &str) -> Result<Vec<String>> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(HubError::unreadable(path))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(HubError::unreadable(path))?;
    parse(&bytes).map_err(|reason| unusable(model, name, &reason))
}

/// Checks that the repository has all shards.
pub(crate) fn check_available(
    model: &ModelName,
    name: &str,
    shards: &[String],
    available: &BTreeSet<String>,
) -> Result<()> {
    match shards.iter().find(|shard| !available.contains(*shard)) {
        None => Ok(()),
        Some(shard) => Err(unusable(model, name, &format!("it names {shard:?}, which the repository does not have"))),
    }
}

fn unusable(model: &ModelName, name: &str, reason: &str) -> HubError {
    HubError::Index { model: model.to_string(), file: name.to_owned(), reason: printable(reason) }
}

fn parse(bytes: &[u8]) -> std::result::Result<Vec<String>, String> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("it is larger than {MAX_BYTES} bytes"));
    }
    let index: ShardIndex = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let Shards(shards) = index.weight_map;
    if shards.is_empty() {
        return Err("it lists no shards".to_owned());
    }
    if let Some(hostile) = shards.iter().find(|shard| !file_name::is_plain_name(shard)) {
        return Err(format!("it lists the shard {hostile:?}, which is not a plain file name"));
    }
    Ok(shards.into_iter().collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn shards_are_listed_once_in_order() {
        let index = br#"{"metadata":{"total_size":1},"weight_map":{"b":"2.bin","a":"1.bin","c":"1.bin"}}"#;
        assert_eq!(parse(index).unwrap(), ["1.bin", "2.bin"]);
    }

    #[test]
    fn invalid_indices_are_rejected() {
        for (index, wrong) in [
            (r#"{"weight_map":{"a":"../../evil"}}"#, "not a plain file name"),
            (r#"{"weight_map":{"a":"/etc/passwd"}}"#, "not a plain file name"),
            (r#"{"weight_map":{"a":".."}}"#, "not a plain file name"),
            (r#"{"weight_map":{}}"#, "lists no shards"),
            (r#"{"weight_map":{"a":1}}"#, "invalid type"),
            (r#"{"weight_map":[]}"#, "invalid type"),
            ("{}", "missing field"),
            ("<html>", "expected value"),
        ] {
            let reason = parse(index.as_bytes()).unwrap_err();
            assert!(reason.contains(wrong), "{index}: {reason}");
        }
    }
}
