//! The cache of the model hub: where it is, what it holds, and the variables that steer it.

use super::Finding;
use super::libtorch::size;
use super::shown::shown;
use crate::disk::gigabytes;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

pub fn look(variable: impl Fn(&str) -> Option<OsString>) -> Vec<Finding> {
    let home = home(&variable);
    vec![cache(&cache_folder(&variable, &home)), token(&variable, &home), reach(&variable)]
}

/// The hub's own folder, as its Python library finds it.
fn home(variable: &impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("HF_HOME").unwrap_or_else(|| {
        let cache = set("XDG_CACHE_HOME").or_else(|| env::home_dir().map(|home| home.join(".cache")));
        cache.unwrap_or_default().join("huggingface")
    })
}

fn cache_folder(variable: &impl Fn(&str) -> Option<OsString>, home: &Path) -> PathBuf {
    let named =
        ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"].into_iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
    named.map_or_else(|| home.join("hub"), PathBuf::from)
}

fn cache(folder: &Path) -> Finding {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let models: Vec<PathBuf> =
        entries.filter(|e| e.file_name().to_string_lossy().starts_with("models--")).map(|e| e.path()).collect();
    let held: u64 = models.iter().map(|model| size(model)).sum();
    let count = match models.len() {
        0 => "no models yet".to_owned(),
        1 => format!("1 model, {}", gigabytes(held)),
        many => format!("{many} models, {}", gigabytes(held)),
    };
    let says = format!("{}: {count}", shown(folder));
    match writable(folder) {
        true => Finding::good("hub cache", says),
        false => Finding::note(
            "hub cache",
            format!("{says}; you may not write there"),
            "let HF_HOME or HF_HUB_CACHE name a folder that you can write",
        ),
    }
}

/// Whether we may write there, or make it where it is to be.
#[cfg(unix)]
fn writable(folder: &Path) -> bool {
    let there = folder.ancestors().find(|ancestor| ancestor.exists());
    there.is_some_and(|folder| rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok())
}

#[cfg(not(unix))]
fn writable(_: &Path) -> bool {
    true
}

/// Whether there is a token; never what it is.
fn token(variable: &impl Fn(&str) -> Option<OsString>, home: &Path) -> Finding {
    let file = variable("HF_TOKEN_PATH").map_or_else(|| home.join("token"), PathBuf::from);
    if variable("HF_TOKEN").is_some_and(|token| !token.is_empty()) {
        Finding::good("hub token", "in HF_TOKEN")
    } else if file.is_file() {
        Finding::good("hub token", format!("in {}", shown(&file)))
    } else {
        Finding::good("hub token", "none; only private and gated models need one (HF_TOKEN)")
    }
}

fn reach(variable: &impl Fn(&str) -> Option<OsString>) -> Finding {
    let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    for name in ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"] {
        if ["1", "ON", "YES", "TRUE"].contains(&text(name).to_uppercase().as_str()) {
            let remedy = format!("unset {name} to download models");
            return Finding::note("hub", "offline: only what the cache holds", remedy);
        }
    }
    match text("HF_ENDPOINT") {
        endpoint if endpoint.is_empty() => Finding::good("hub", "https://huggingface.co"),
        endpoint if endpoint.starts_with("https://") => Finding::good("hub", format!("{endpoint} (HF_ENDPOINT)")),
        endpoint => Finding::note(
            "hub",
            format!("{endpoint} (HF_ENDPOINT), not encrypted"),
            "a token would travel in the clear: use https://, or trust the network",
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::report::Grade;
    use super::*;

    fn with(variables: &[(&'static str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        let variables: Vec<(&str, OsString)> = variables.iter().map(|(n, value)| (*n, value.into())).collect();
        move |name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn the_folder_follows_the_variables() {
        let folder = |variables: &[(&'static str, &str)]| {
            let variable = with(variables);
            cache_folder(&variable, &home(&variable))
        };
        assert_eq!(folder(&[("HF_HOME", "/h")]), Path::new("/h/hub"));
        assert_eq!(folder(&[("XDG_CACHE_HOME", "/x")]), Path::new("/x/huggingface/hub"));
        assert_eq!(folder(&[("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")]), Path::new("/c"));
        assert_eq!(folder(&[("HF_HOME", "/h"), ("HUGGINGFACE_HUB_CACHE", "/l")]), Path::new("/l"));
    }

    #[test]
    fn models_are_counted_and_a_token_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = folder.path().join("hub/models--a--b/blobs");
        fs::create_dir_all(&blobs).unwrap();
        fs::write(blobs.join("x"), vec![0; 200_000]).unwrap();
        let home = folder.path().to_str().unwrap();
        let findings = look(with(&[("HF_HOME", home), ("HF_TOKEN", "hf_secret"), ("HF_HUB_OFFLINE", "yes")]));
        assert!(findings[0].says.ends_with("1 model, 0.1 GB"), "{findings:?}");
        assert_eq!(findings[1].says, "in HF_TOKEN");
        assert_eq!(findings[2].grade, Grade::Note);
        assert!(!format!("{findings:?}").contains("hf_secret"));
    }

    #[test]
    fn an_endpoint_without_encryption_is_noted() {
        assert_eq!(reach(&with(&[("HF_ENDPOINT", "http://hub")])).grade, Grade::Note);
        assert_eq!(reach(&with(&[("HF_ENDPOINT", "https://hub")])).grade, Grade::Good);
    }
}
