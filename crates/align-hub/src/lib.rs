//! The Hugging Face hub, dependably: a model by its name, in the cache that Python's `huggingface_hub` uses too, and a
//! folder as a commit.
//!
//! A download that breaks off is continued where it stopped, even by another process; every file is compared with the
//! checksum that the hub gives before anyone sees it; the token goes to the hub alone. Without a network the cache is
//! enough. What goes wrong is a [`HubError`] that says what to do.
//!
//! ```no_run
//! use align_hub::{Hub, HubConfig, ModelSource, UploadOptions};
//!
//! # fn main() -> Result<(), align_hub::HubError> {
//! let hub = Hub::new(HubConfig::from_env()?)?;
//! let folder = ModelSource::parse("distilbert/distilgpt2")?.fetch(&hub, &mut |_| {})?;
//! // ... train what is in `folder`, save it to "tuned" ...
//! let commit = hub.upload_folder(&"me/tuned".parse()?, "tuned".as_ref(), &UploadOptions::default(), &mut |_| {})?;
//! println!("{}", commit.url);
//! # Ok(())
//! # }
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
