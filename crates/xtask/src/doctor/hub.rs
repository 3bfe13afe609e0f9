//! The hub's cache, token and endpoint, and the environment variables that set them.

use super::Finding;
use super::display_path::display_path;
use super::libtorch::size;
use crate::disk::gigabytes;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The server of models unless HF_ENDPOINT names another.
const HUB: &str = "https://huggingface.co";

/// Checks the hub. `reach` tests whether a server answers, and returns the reason if it does not.
pub fn check(
    variable: impl Fn(&str) -> Option<OsString>,
    reach: impl FnOnce(&str) -> Result<(), String>,
) -> Vec<Finding> {
    let home = home(&variable);
    vec![cache(&cache_folder(&variable, &home)), token(&variable, &home), endpoint(&variable, reach)]
}

/// The hub's home folder, by the rules of huggingface_hub.
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
    let text = format!("{}: {count}", display_path(folder));
    match writable(folder) {
        true => Finding::good("hub cache", text),
        false => Finding::note(
            "hub cache",
            format!("{text}; it is not writable"),
            "set HF_HOME or HF_HUB_CACHE to a writable folder",
        ),
    }
}

/// Whether the folder is writable or can be created.
#[cfg(unix)]
fn writable(folder: &Path) -> bool {
    let there = folder.ancestors().find(|ancestor| ancestor.exists());
    there.is_some_and(|folder| rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok())
}

#[cfg(not(unix))]
fn writable(_: &Path) -> bool {
    true
}

/// Whether there is a token. The token itself is never printed.
fn token(variable: &impl Fn(&str) -> Option<OsString>, home: &Path) -> Finding {
    let file = variable("HF_TOKEN_PATH").map_or_else(|| home.join("token"), PathBuf::from);
    if variable("HF_TOKEN").is_some_and(|token| !token.is_empty()) {
        Finding::good("hub token", "in HF_TOKEN")
    } else if file.is_file() {
        Finding::good("hub token", format!("in {}", display_path(&file)))
    } else {
        Finding::good("hub token", "none; only private and gated models need one (HF_TOKEN)")
    }
}

fn endpoint(variable: &impl Fn(&str) -> Option<OsString>, reach: impl FnOnce(&str) -> Result<(), String>) -> Finding {
    let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    for name in ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"] {
        if ["1", "ON", "YES", "TRUE"].contains(&text(name).to_uppercase().as_str()) {
            let remedy = format!("unset {name} to download models");
            return Finding::note("hub", "offline: only models in the cache can be used", remedy);
        }
    }
    let (url, name) = match text("HF_ENDPOINT") {
        url if url.is_empty() => (HUB.to_owned(), HUB.to_owned()),
        url => (url.clone(), format!("{url} (HF_ENDPOINT)")),
    };
    if let Err(reason) = reach(&url) {
        return Finding::note(
            "hub",
            format!("{name} not reachable: {reason} (only needed for models from the hub)"),
            "check the network; behind a proxy set https_proxy=http://HOST:PORT",
        );
    }
    match url.starts_with("https://") {
        true => Finding::good("hub", name),
        false => Finding::note(
            "hub",
            format!("{name}, not encrypted"),
            "tokens would be sent unencrypted: use https:// unless you trust the network",
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
    fn the_cache_folder_depends_on_the_variables() {
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
        let variables = [("HF_HOME", home), ("HF_TOKEN", "hf_secret"), ("HF_HUB_OFFLINE", "yes")];
        // Offline, no server is asked.
        let findings = check(with(&variables), |url| panic!("asked {url}"));
        assert!(findings[0].text.ends_with("1 model, 0.1 GB"), "{findings:?}");
        assert_eq!(findings[1].text, "in HF_TOKEN");
        assert_eq!(findings[2].grade, Grade::Note);
        assert!(!format!("{findings:?}").contains("hf_secret"));
    }

    #[test]
    fn an_endpoint_without_encryption_is_noted() {
        let reached = |_: &str| Ok(());
        assert_eq!(endpoint(&with(&[("HF_ENDPOINT", "http://hub")]), reached).grade, Grade::Note);
        assert_eq!(endpoint(&with(&[("HF_ENDPOINT", "https://hub")]), reached).grade, Grade::Good);
    }

    #[test]
    fn a_hub_that_does_not_answer_is_noted() {
        let unreached = |url: &str| Err(format!("no answer from {url}"));
        let found = endpoint(&with(&[]), unreached);
        let expected = "https://huggingface.co not reachable: no answer from https://huggingface.co (only needed for models from the hub)";
        assert_eq!((found.grade, found.text.as_str()), (Grade::Note, expected));
        let found = endpoint(&with(&[("HF_ENDPOINT", "https://hub")]), unreached);
        assert!(
            found.text.starts_with("https://hub (HF_ENDPOINT) not reachable: no answer from https://hub"),
            "{found:?}"
        );
    }
}
