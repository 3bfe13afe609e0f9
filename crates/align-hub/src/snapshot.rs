use crate::cache::RepoCache;
use crate::select::select;
use crate::{HubConfig, HubError, ModelName, Result, shard_index};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A model in the cache: the files of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The folder that holds them, to be read as any model's folder.
    pub folder: PathBuf,
    /// The commit.
    pub commit: String,
}

/// The model as the cache has it, if that is all of it.
pub(crate) fn cached_model(config: &HubConfig, cache: &RepoCache, model: &ModelName) -> Result<Snapshot> {
    let snapshot = cached(config, cache, model)?;
    let partly =
        |missing: String| HubError::PartlyCached { model: model.to_string(), folder: snapshot.folder.clone(), missing };
    let there = names(&snapshot.folder)?;
    let selection = select(model, &there).map_err(|error| match error {
        HubError::NotAModel { lacks, .. } => partly(lacks.to_owned()),
        other => other,
    })?;
    let mut files = selection.small;
    files.push(selection.weights.to_owned());
    if selection.is_index {
        let shards = shard_index::shards(model, &snapshot.folder.join(selection.weights), selection.weights)?;
        if let Some(missing) = shards.iter().find(|shard| !there.contains(*shard)) {
            return Err(partly(missing.clone()));
        }
        files.extend(shards);
    }
    whole(cache, snapshot, &files)
}

/// The named files as the cache has them, if it has them all.
pub(crate) fn cached_files(
    config: &HubConfig,
    cache: &RepoCache,
    model: &ModelName,
    files: &[String],
) -> Result<Snapshot> {
    let snapshot = cached(config, cache, model)?;
    for file in files {
        if !cache.pointer(&snapshot.commit, file)?.exists() {
            let (model, folder) = (model.to_string(), snapshot.folder);
            return Err(HubError::PartlyCached { model, folder, missing: file.clone() });
        }
    }
    whole(cache, snapshot, files)
}

/// The snapshot, if none of these files is damaged.
fn whole(cache: &RepoCache, snapshot: Snapshot, files: &[String]) -> Result<Snapshot> {
    for file in files {
        if let Some(found) = cache.damage(&snapshot.commit, file)? {
            return Err(HubError::DamagedInCache { path: snapshot.folder.join(file), found });
        }
    }
    Ok(snapshot)
}

fn cached(config: &HubConfig, cache: &RepoCache, model: &ModelName) -> Result<Snapshot> {
    let (commit, folder) = cache
        .seen(model)
        .ok_or_else(|| HubError::NotCached { model: model.to_string(), cache: config.cache.clone() })?;
    Ok(Snapshot { folder, commit })
}

/// The files right in the folder; a link whose content is gone is none.
fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder).map_err(HubError::unreadable(folder))?;
    Ok(entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect())
}
