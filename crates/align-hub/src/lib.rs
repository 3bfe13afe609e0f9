//! A client of the Hugging Face hub: downloads models into the cache of Python's `huggingface_hub` and uploads folders
//! as commits.
//!
//! Interrupted downloads are resumed, also by another process. Every file's checksum is verified before the file is
//! made available. The token is sent only to the hub. Cached models can be used offline. A [`HubError`] explains what
//! to do.
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
//! // `HubConfig::from_env()` reads the same settings as `huggingface_hub`; this example uses the cache only.
//! let config = HubConfig { offline: true, ..HubConfig::new(cache.path()) };
//! let hub = Hub::new(config)?;
//! let folder = ModelSource::parse("user/name")?.fetch(&hub, &mut |_| {})?;
//! assert!(folder.join("model.safetensors").is_file());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Upload a trained model as a commit:
//!
//! ```no_run
//! # use align_hub::{Hub, HubConfig, UploadOptions};
//! # let hub = Hub::new(HubConfig::from_env()?)?;
//! let commit = hub.upload_folder(&"me/tuned".parse()?, "tuned".as_ref(), &UploadOptions::default(), &mut |_| {})?;
//! println!("{}", commit.url);
//! # Ok::<(), align_hub::HubError>(())
//! ```

mod cache;
mod checksum;
mod config;
mod content_range;
mod dataset;
mod dataset_error;
mod disk_space;
mod downloader;
mod error;
mod etag;
mod file_download;
mod file_name;
mod http;
mod hub;
mod io_error;
mod listing;
mod locks;
mod metadata;
mod min_speed;
mod name;
mod partial_file;
mod progress;
mod request;
mod request_error;
mod response;
mod response_error;
mod retry;
mod select;
mod server_message;
mod shard_index;
mod snapshot;
mod source;
mod token;
mod transfer_progress;
mod upload;
mod url;

pub use config::HubConfig;
pub use dataset_error::DatasetError;
pub use error::{HubError, Result};
pub use hub::Hub;
pub use name::{ModelName, NameError, RepoKind, RepoName};
pub use progress::{Event, Progress};
pub use retry::RetryPolicy;
pub use snapshot::Snapshot;
pub use source::ModelSource;
pub use token::Token;
pub use transfer_progress::TransferProgress;
pub use upload::{Commit, UploadOptions};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
