use super::{DEFAULT_ENDPOINT, DEFAULT_TIMEOUT, HubConfig};
use crate::{HubError, Result, RetryPolicy, Token};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One day; a larger value is surely a mistake.
const MAX_SECONDS: u64 = 86_400;

/// Largest token file, in bytes.
const MAX_TOKEN_FILE_BYTES: u64 = 1 << 16;

struct Env<'a> {
    lookup: &'a dyn Fn(&str) -> Option<OsString>,
}

impl HubConfig {
    /// The configuration given by the environment variables of Python's `huggingface_hub`.
    ///
    /// # Errors
    ///
    /// If a variable is invalid, or the token file cannot be read.
    pub fn from_env() -> Result<Self> {
        Self::from_lookup(|variable| std::env::var_os(variable))
    }

    /// The configuration given by the variables that `lookup` returns.
    ///
    /// # Errors
    ///
    /// As [`HubConfig::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        config(&lookup)
    }
}

/// Reads every variable in the order and with the fallbacks of Python's `huggingface_hub`.
fn config(lookup: &dyn Fn(&str) -> Option<OsString>) -> Result<HubConfig> {
    let env = Env { lookup };
    Ok(HubConfig {
        endpoint: env.text("HF_ENDPOINT")?.unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned()),
        token: env.token()?,
        cache: env.cache()?,
        offline: env.offline()?,
        etag_timeout: env.seconds("HF_HUB_ETAG_TIMEOUT")?,
        download_timeout: env.seconds("HF_HUB_DOWNLOAD_TIMEOUT")?,
        retries: RetryPolicy::default(),
    })
}

impl Env<'_> {
    /// The variable's text; an empty value counts as unset.
    fn text(&self, variable: &'static str) -> Result<Option<String>> {
        let Some(value) = (self.lookup)(variable) else { return Ok(None) };
        match value.into_string() {
            Ok(text) if text.trim().is_empty() => Ok(None),
            Ok(text) => Ok(Some(text)),
            Err(value) => Err(HubError::Setting {
                setting: variable,
                value: value.to_string_lossy().into_owned(),
                expected: "UTF-8 text",
            }),
        }
    }

    fn boolean(&self, variable: &'static str) -> Result<Option<bool>> {
        let Some(value) = self.text(variable)? else { return Ok(None) };
        match value.trim().to_ascii_uppercase().as_str() {
            "1" | "ON" | "YES" | "TRUE" => Ok(Some(true)),
            "0" | "OFF" | "NO" | "FALSE" => Ok(Some(false)),
            // Python treats any other value as false, but it is probably a typing error.
            _ => Err(HubError::Setting { setting: variable, value, expected: "1, ON, YES, TRUE or 0, OFF, NO, FALSE" }),
        }
    }

    fn offline(&self) -> Result<bool> {
        let own = self.boolean("HF_HUB_OFFLINE")?;
        Ok(own.or(self.boolean("TRANSFORMERS_OFFLINE")?).unwrap_or(false))
    }

    fn seconds(&self, variable: &'static str) -> Result<Duration> {
        let Some(value) = self.text(variable)? else { return Ok(DEFAULT_TIMEOUT) };
        match value.trim().parse::<u64>() {
            Ok(0) => Ok(DEFAULT_TIMEOUT),
            Ok(seconds) if seconds <= MAX_SECONDS => Ok(Duration::from_secs(seconds)),
            _ => Err(HubError::Setting {
                setting: variable,
                value,
                expected: "a whole number of seconds, at most a day",
            }),
        }
    }

    fn token(&self) -> Result<Option<Token>> {
        if self.boolean("HF_HUB_DISABLE_IMPLICIT_TOKEN")? == Some(true) {
            return Ok(None);
        }
        for variable in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
            // `text` is not used here, because its error shows the value.
            let Some(value) = (self.lookup)(variable) else { continue };
            if let Some(token) = Token::parse(&value.to_string_lossy(), variable)? {
                return Ok(Some(token));
            }
        }
        let path = match self.path("HF_TOKEN_PATH")? {
            Some(path) => path,
            None => self.home()?.join("token"),
        };
        match align_base::files::read_file(&path, MAX_TOKEN_FILE_BYTES) {
            Ok(text) => Token::parse(&String::from_utf8_lossy(&text), &align_base::printable_path(&path)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(source) => Err(HubError::Unreadable { path, source }),
        }
    }

    fn cache(&self) -> Result<PathBuf> {
        for variable in ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"] {
            if let Some(path) = self.path(variable)? {
                return Ok(path);
            }
        }
        Ok(self.home()?.join("hub"))
    }

    /// The folder where the Hugging Face libraries store their data.
    fn home(&self) -> Result<PathBuf> {
        if let Some(path) = self.path("HF_HOME")? {
            return Ok(path);
        }
        let caches = match self.path("XDG_CACHE_HOME")? {
            Some(path) => path,
            None => self.user_home("HF_HOME", "")?.join(".cache"),
        };
        Ok(caches.join("huggingface"))
    }

    fn user_home(&self, setting: &'static str, value: &str) -> Result<PathBuf> {
        match (self.lookup)("HOME") {
            Some(home) if !home.is_empty() => Ok(home.into()),
            _ => Err(HubError::Setting {
                setting,
                value: value.to_owned(),
                expected: "an absolute path, because HOME is not set",
            }),
        }
    }

    /// The variable's path with `~` and `$NAME` expanded.
    fn path(&self, variable: &'static str) -> Result<Option<PathBuf>> {
        let Some(value) = self.text(variable)? else { return Ok(None) };
        let expanded = self.expand_variables(&value);
        let Some(rest) = expanded.strip_prefix('~') else { return Ok(Some(expanded.into())) };
        if !rest.is_empty() && !rest.starts_with('/') {
            return Err(HubError::Setting {
                setting: variable,
                value,
                expected: "a path; `~` is supported for your own home folder only",
            });
        }
        let home = self.user_home(variable, &value)?;
        Ok(Some(home.join(Path::new(rest.trim_start_matches('/')))))
    }

    /// Expands `$NAME` and `${NAME}`. Unset variables are left unchanged, as in Python.
    fn expand_variables(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            expanded.push_str(before);
            let (name, length) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((name, _)) => (name, name.len() + 2),
                None => {
                    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                    let (name, _) = after.split_at(end);
                    (name, end)
                }
            };
            let (written, left) = after.split_at(length);
            match (self.lookup)(name).filter(|_| !name.is_empty()) {
                Some(value) => expanded.push_str(&value.to_string_lossy()),
                None => {
                    expanded.push('$');
                    expanded.push_str(written);
                }
            }
            rest = left;
        }
        expanded.push_str(rest);
        expanded
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::fs;

    fn with(variables: &[(&str, &str)]) -> Result<HubConfig> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        HubConfig::from_lookup(|name| find(name).or_else(|| (name == "HOME").then(|| "/no/such/home".into())))
    }

    fn cache(variables: &[(&str, &str)]) -> String {
        with(variables).unwrap().cache.display().to_string()
    }

    #[test]
    fn the_cache_path_is_the_same_as_in_python() {
        assert_eq!(cache(&[]), "/no/such/home/.cache/huggingface/hub");
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x")]), "/x/huggingface/hub");
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x"), ("HF_HOME", "/h")]), "/h/hub");
        assert_eq!(cache(&[("HF_HOME", "/h"), ("HUGGINGFACE_HUB_CACHE", "/l")]), "/l");
        assert_eq!(cache(&[("HF_HUB_CACHE", "/c"), ("HUGGINGFACE_HUB_CACHE", "/l")]), "/c");
        assert_eq!(cache(&[("HF_HUB_CACHE", "")]), "/no/such/home/.cache/huggingface/hub");
        assert_eq!(cache(&[("HF_HUB_CACHE", "~/c")]), "/no/such/home/c");
        assert_eq!(cache(&[("HF_HUB_CACHE", "$D/${E}-$F/$"), ("D", "/d"), ("E", "e")]), "/d/e-$F/$");
    }

    #[test]
    fn an_unresolvable_path_is_rejected() {
        let error = with(&[("HF_HUB_CACHE", "~other/c")]).unwrap_err().to_string();
        assert!(error.contains("HF_HUB_CACHE") && error.contains("your own home folder only"), "{error}");
        let error = HubConfig::from_lookup(|_| None).unwrap_err().to_string();
        assert!(error.contains("HF_HOME") && error.contains("HOME is not set"), "{error}");
    }

    #[test]
    fn either_variable_sets_offline_and_invalid_values_are_rejected() {
        for value in ["1", "on", "Yes", "TRUE"] {
            assert!(with(&[("HF_HUB_OFFLINE", value)]).unwrap().offline, "{value}");
            assert!(with(&[("TRANSFORMERS_OFFLINE", value)]).unwrap().offline, "{value}");
        }
        for value in ["", "0", "off", "no", "False"] {
            assert!(!with(&[("HF_HUB_OFFLINE", value)]).unwrap().offline, "{value}");
        }
        assert!(!with(&[("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1")]).unwrap().offline);
        let error = with(&[("HF_HUB_OFFLINE", "maybe")]).unwrap_err().to_string();
        assert!(error.contains("HF_HUB_OFFLINE=\"maybe\" is invalid: expected 1, ON"), "{error}");
    }

    #[test]
    fn timeouts_are_whole_seconds() {
        let config = with(&[("HF_HUB_ETAG_TIMEOUT", "3"), ("HF_HUB_DOWNLOAD_TIMEOUT", "0")]).unwrap();
        assert_eq!((config.etag_timeout.as_secs(), config.download_timeout.as_secs()), (3, 10));
        for value in ["-1", "1.5", "soon", "99999999"] {
            assert!(with(&[("HF_HUB_ETAG_TIMEOUT", value)]).is_err(), "{value}");
        }
    }

    #[test]
    fn the_token_comes_from_the_variable_or_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        let header = |variables: &[(&str, &str)]| with(variables).unwrap().token.map(|token| token.header());
        assert_eq!(header(&[("HF_HOME", home)]), None);
        fs::write(folder.path().join("token"), "hf_file\n").unwrap();
        fs::write(folder.path().join("other"), "hf_other\n").unwrap();
        let other = format!("{home}/other");
        assert_eq!(header(&[("HF_HOME", home)]).unwrap(), "Bearer hf_file");
        assert_eq!(header(&[("HF_HOME", home), ("HF_TOKEN_PATH", &other)]).unwrap(), "Bearer hf_other");
        assert_eq!(header(&[("HF_HOME", home), ("HF_TOKEN", "hf_env ")]).unwrap(), "Bearer hf_env");
        assert_eq!(header(&[("HF_HOME", home), ("HUGGING_FACE_HUB_TOKEN", "hf_old")]).unwrap(), "Bearer hf_old");
        assert_eq!(header(&[("HF_TOKEN", "hf_env"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
        let endless = with(&[("HF_TOKEN_PATH", "/dev/zero")]).unwrap_err().to_string();
        assert!(endless.contains("/dev/zero"), "{endless}");
        let shown = format!("{:?}", with(&[("HF_TOKEN", "hf_env")]).unwrap());
        assert!(!shown.contains("hf_env"), "{shown}");
        let error = with(&[("HF_TOKEN", "hf a")]).unwrap_err().to_string();
        assert!(error.contains("HF_TOKEN") && !error.contains("hf a"), "{error}");
    }
}
