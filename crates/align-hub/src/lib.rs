//! The Hugging Face hub, dependably: a model by its name, in the cache that Python's `huggingface_hub` uses too, and a
//! folder as a commit.
//!
//! A download that breaks off is continued where it stopped, even by another process; every file is compared with the
//! checksum that the hub gives before anyone sees it; the token goes to the hub alone. Without a network the cache is
//! enough. What goes wrong is a [`HubError`] that says what to do.
//!
//! ```
//! use align_hub::{Hub, HubConfig, ModelSource};
//!
//! # let cache = tempfile::tempdir().map_err(|e| e.to_string())?;
//! # let repo = cache.path().join("models--user--name");
//! # let commit = "0123456789abcdef0123456789abcdef01234567";
//! # for (file, content) in [
//! #     (repo.join("refs/main"), commit),
//! #     (repo.join("snapshots").join(commit).join("config.json"), "{}"),
//! #     (repo.join("snapshots").join(commit).join("model.safetensors"), "weights"),
//! # ] {
//! #     std::fs::create_dir_all(file.parent().ok_or("a folder")?)?;
//! #     std::fs::write(file, content)?;
//! # }
//! // `HubConfig::from_env()` is what `huggingface_hub` would use; this one asks a cache alone.
//! let config = HubConfig { offline: true, ..HubConfig::new(cache.path()) };
//! let hub = Hub::new(config)?;
//! let folder = ModelSource::parse("user/name")?.fetch(&hub, &mut |_| {})?;
//! assert!(folder.join("model.safetensors").is_file());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What was trained goes back as a commit:
//!
//! ```no_run
//! # use align_hub::{Hub, HubConfig, UploadOptions};
//! # let hub = Hub::new(HubConfig::from_env()?)?;
//! let commit = hub.upload_folder(&"me/tuned".parse()?, "tuned".as_ref(), &UploadOptions::default(), &mut |_| {})?;
//! println!("{}", commit.url);
//! # Ok::<(), align_hub::HubError>(())
//! ```

mod answer;
mod cache;
mod config;
mod download;
#[cfg(feature = "progress")]
mod download_bar;
mod error;
mod etag;
mod file_name;
mod http;
mod hub;
mod io_error;
mod listing;
mod locks;
mod metadata;
mod name;
mod pace;
mod partial;
mod progress;
mod range;
mod refusal;
mod request;
mod resume;
mod retry;
mod select;
mod shard_index;
mod snapshot;
mod source;
mod space;
mod token;
mod trouble;
mod upload;
mod url;
mod verify;
mod words;

pub use config::HubConfig;
#[cfg(feature = "progress")]
pub use download_bar::DownloadBar;
pub use error::{HubError, Result};
pub use hub::Hub;
pub use name::{ModelName, NameError, RepoName};
pub use progress::{Event, Progress};
pub use retry::RetryPolicy;
pub use snapshot::Snapshot;
pub use source::ModelSource;
pub use token::Token;
pub use upload::{Commit, UploadOptions};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
