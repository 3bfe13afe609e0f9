use crate::cache::RepoCache;
use crate::select::select;
use crate::{HubConfig, HubError, ModelName, Result, shard_index};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A cached commit of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The folder with its files, in the layout of a model folder.
    pub folder: PathBuf,
    /// The commit.
    pub commit: String,
}

/// The cached model, if it is complete.
pub(crate) fn cached_model(config: &HubConfig, cache: &RepoCache, model: &ModelName) -> Result<Snapshot> {
    let snapshot = find_snapshot(config, cache, model)?;
    let partly_cached = |missing: String| HubError::PartiallyCached {
        model: model.to_string(),
        folder: snapshot.folder.clone(),
        missing,
    };
    let available = file_names(&snapshot.folder)?;
    let selection = select(model, &available).map_err(|error| match error {
        HubError::NotAModel { missing, .. } => partly_cached(missing.to_owned()),
        other => other,
    })?;
    let mut files = selection.small_files;
    files.push(selection.weights.to_owned());
    if selection.is_index {
        let shards = shard_index::read_shards(model, &snapshot.folder.join(selection.weights), selection.weights)?;
        if let Some(missing) = shards.iter().find(|shard| !available.contains(*shard)) {
            return Err(partly_cached(missing.clone()));
        }
        files.extend(shards);
    }
    verified(cache, snapshot, &files)
}

/// The cached files, if the cache has all of them.
pub(crate) fn cached_files(
    config: &HubConfig,
    cache: &RepoCache,
    model: &ModelName,
    files: &[String],
) -> Result<Snapshot> {
    let snapshot = find_snapshot(config, cache, model)?;
    for file in files {
        if !cache.pointer(&snapshot.commit, file)?.exists() {
            let (model, folder) = (model.to_string(), snapshot.folder);
            return Err(HubError::PartiallyCached { model, folder, missing: file.clone() });
        }
    }
    verified(cache, snapshot, files)
}

/// The names of all cached files of a revision, with their folders.
pub(crate) fn cached_names(config: &HubConfig, cache: &RepoCache, repo: &ModelName) -> Result<Vec<String>> {
    let root = find_snapshot(config, cache, repo)?.folder;
    let (mut names, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        for entry in fs::read_dir(&path).map_err(HubError::unreadable(&path))?.filter_map(|entry| entry.ok()) {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            match fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_dir() => folders.push(name),
                Ok(_) => names.push(name),
                // A dangling link is no file.
                Err(_) => {}
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Returns the snapshot if none of the files is damaged.
fn verified(cache: &RepoCache, snapshot: Snapshot, files: &[String]) -> Result<Snapshot> {
    for file in files {
        if let Some(found) = cache.checksum_mismatch(&snapshot.commit, file)? {
            return Err(HubError::DamagedInCache { path: snapshot.folder.join(file), found });
        }
    }
    Ok(snapshot)
}

fn find_snapshot(config: &HubConfig, cache: &RepoCache, model: &ModelName) -> Result<Snapshot> {
    let (commit, folder) = cache
        .cached_commit(model)
        .ok_or_else(|| HubError::NotCached { model: model.to_string(), cache: config.cache.clone() })?;
    Ok(Snapshot { folder, commit })
}

/// The names of the folder's files. Dangling links are skipped.
fn file_names(folder: &Path) -> Result<BTreeSet<String>> {
    let entries = fs::read_dir(folder).map_err(HubError::unreadable(folder))?;
    Ok(entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect())
}
