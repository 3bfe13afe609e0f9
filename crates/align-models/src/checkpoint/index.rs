use super::entry::Entry;
use super::error::{Result, io, malformed};
use super::printable_name::{printable_list, printable_name};
use super::source::Source;
use crate::bounded_json;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path};

/// Size limit of an index in bytes.
const LIMIT: u64 = 64 << 20;

/// The part of `*.index.json` that maps tensors to files.
#[derive(Debug, Deserialize)]
struct Index {
    /// Maps the name of a tensor to the file in the same folder that contains it.
    weight_map: BTreeMap<String, String>,
}

/// Opens the shards listed in an index, and finds every tensor in its shard.
pub(super) fn open(
    path: &Path,
    entries_of: fn(&Source, usize) -> Result<Vec<Entry>>,
) -> Result<(Vec<Source>, Vec<Entry>)> {
    let index = read(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut shards: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (tensor, shard) in &index.weight_map {
        shards.entry(shard).or_default().push(tensor);
    }
    if shards.is_empty() {
        return Err(malformed(path, "lists no tensors: \"weight_map\" is empty"));
    }
    for shard in shards.keys() {
        let mut parts = Path::new(shard).components();
        let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(name)), None) if name == *shard);
        if !plain || shard.contains('\\') {
            let reason =
                format!("lists the shard `{}`, but a shard must be a file in the same folder", printable_name(shard));
            return Err(malformed(path, reason));
        }
        if !folder.join(shard).exists() {
            return Err(malformed(
                path,
                format!("lists the shard `{}`, which is not in the folder", printable_name(shard)),
            ));
        }
    }

    let (mut sources, mut entries) = (Vec::new(), Vec::new());
    for (shard, names) in shards {
        let source = Source::open(&folder.join(shard))?;
        let stored = entries_of(&source, sources.len())?;
        let mut stored: HashMap<String, Entry> = stored.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        let mut absent = Vec::new();
        for name in names {
            match stored.remove(name) {
                Some(entry) => entries.push(entry),
                None => absent.push(name.to_owned()),
            }
        }
        if !absent.is_empty() {
            let reason = format!(
                "lists tensors that `{}` does not contain: {}",
                printable_name(shard),
                printable_list(&absent, 20)
            );
            return Err(malformed(path, reason));
        }
        if !stored.is_empty() {
            tracing::warn!(shard, tensors = stored.len(), "tensors that are not in the index are ignored");
        }
        sources.push(source);
    }
    Ok((sources, entries))
}

fn read(path: &Path) -> Result<Index> {
    let source = Source::open(path)?;
    if source.len > LIMIT {
        return Err(malformed(path, format!("is {} bytes long, but an index may have at most {LIMIT}", source.len)));
    }
    let text = std::fs::read(path).map_err(io(path))?;
    bounded_json::parse(&text).map_err(|error| malformed(path, format!("is not a checkpoint index: {error}")))
}
