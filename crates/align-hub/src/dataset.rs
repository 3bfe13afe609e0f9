//! Data sets: which of a repository's files hold the rows of a split.

use crate::cache::RepoCache;
use crate::dataset_error::DatasetError;
use crate::hub::is_outage;
use crate::{Hub, HubError, ModelName, Progress, RepoKind, Result, file_name, listing, snapshot};
use std::path::PathBuf;

/// The branch to which the hub converts data sets of other formats.
const CONVERTED: &str = "refs/convert/parquet";
const PARQUET: &[&str] = &[".parquet"];
const TEXT: &[&str] =
    &[".jsonl", ".json", ".csv", ".jsonl.gz", ".json.gz", ".csv.gz", ".jsonl.zst", ".json.zst", ".csv.zst"];

impl Hub {
    /// Downloads the files of a split of a data set into the cache, and returns their paths in order.
    ///
    /// These are the Parquet files of the revision such as `data/train-00000-of-00002.parquet`, or else those that the hub
    /// has converted (`refs/convert/parquet`), or else JSON Lines, JSON or CSV files. `config` is the part of a data set
    /// that has several: the folder of its files.
    ///
    /// # Errors
    ///
    /// As [`Hub::download_files`], and if the data set has no such split or configuration, or several configurations
    /// and none is named.
    pub fn download_dataset(
        &self,
        dataset: &ModelName,
        config: Option<&str>,
        split: &str,
        progress: &mut Progress<'_>,
    ) -> Result<Vec<PathBuf>> {
        let dataset = dataset.clone().of_kind(RepoKind::Dataset);
        let files = self.list_files(&dataset)?;
        let own = select(&dataset, &files, PARQUET, config, split)?;
        if !own.is_empty() {
            return self.download_rows(&dataset, &own, progress);
        }
        let converted = dataset.repo().clone().at(CONVERTED).map_err(|_| no_rows(&dataset, config, split, &files))?;
        match self.list_files(&converted) {
            Ok(found) => {
                let found = select(&converted, &found, PARQUET, config, split)?;
                if !found.is_empty() {
                    return self.download_rows(&converted, &found, progress);
                }
            }
            Err(HubError::RevisionNotFound { .. } | HubError::NotCached { .. }) => {}
            Err(error) => return Err(error),
        }
        let texts = select(&dataset, &files, TEXT, config, split)?;
        if texts.is_empty() {
            Err(no_rows(&dataset, config, split, &files))
        } else {
            self.download_rows(&dataset, &texts, progress)
        }
    }

    fn download_rows(
        &self,
        dataset: &ModelName,
        files: &[String],
        progress: &mut Progress<'_>,
    ) -> Result<Vec<PathBuf>> {
        let names: Vec<&str> = files.iter().map(String::as_str).collect();
        let folder = self.download_files(dataset, &names, progress)?.folder;
        Ok(files.iter().map(|file| folder.join(file)).collect())
    }

    /// The names of a revision's files: those on the hub, or if it cannot be reached, those in the cache.
    fn list_files(&self, repo: &ModelName) -> Result<Vec<String>> {
        let cached = || snapshot::cached_names(self.config(), &RepoCache::new(&self.config().cache, repo.repo()), repo);
        if self.config().offline {
            return cached();
        }
        match listing::fetch(self.http(), self.config(), repo) {
            Ok(listing) => Ok(listing.files),
            Err(error) if is_outage(&error) => cached().map_err(|_| error),
            Err(error) => Err(error),
        }
    }
}

/// The files with one of these endings that belong to the split, sorted by name.
fn select(
    dataset: &ModelName,
    files: &[String],
    endings: &[&str],
    config: Option<&str>,
    split: &str,
) -> Result<Vec<String>> {
    let has_ending = |file: &&String| endings.iter().any(|ending| file.to_lowercase().ends_with(ending));
    let in_config = |file: &&String| config.is_none_or(|config| parts(file).any(|part| part == config));
    let in_split = |file: &&String| parts(file).any(|part| is_of_split(part, split));
    let mut found: Vec<String> = files.iter().filter(has_ending).filter(in_config).filter(in_split).cloned().collect();
    found.sort();
    let mut configs: Vec<&str> = found.iter().filter_map(|file| config_of(file, split)).collect();
    configs.dedup();
    if config.is_none() && configs.len() > 1 {
        let default = configs.contains(&"default").then_some("default");
        let Some(default) = default else {
            let found = file_name::format_list(configs);
            return Err(DatasetError::SeveralConfigs { dataset: dataset.to_string(), found }.into());
        };
        found.retain(|file| config_of(file, split) == Some(default));
    }
    Ok(found)
}

/// The folders and the name of a file.
fn parts(file: &str) -> impl Iterator<Item = &str> {
    file.split('/')
}

/// Whether a folder or file is that of a split: `train`, `train.jsonl`, `train-00000-of-00002.parquet`.
fn is_of_split(part: &str, split: &str) -> bool {
    part.strip_prefix(split).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', '_']))
}

/// The configuration that a file belongs to: its first folder, unless that is the usual one or the split's.
fn config_of<'a>(file: &'a str, split: &str) -> Option<&'a str> {
    let (folder, _) = file.split_once('/')?;
    (folder != "data" && !is_of_split(folder, split)).then_some(folder)
}

fn no_rows(dataset: &ModelName, config: Option<&str>, split: &str, files: &[String]) -> HubError {
    let error = DatasetError::NoSplit {
        dataset: dataset.to_string(),
        split: split.to_owned(),
        config: config.map(|config| format!(" of the configuration {config:?}")).unwrap_or_default(),
        found: file_name::format_list(files.iter().map(String::as_str)),
    };
    error.into()
}
