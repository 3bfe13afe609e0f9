//! `--streaming`: training rows that are read from disk when they are needed.

use crate::Failure;
use crate::usage::UsageError;
use std::path::{Path, PathBuf};

/// Options for training data that do not fit in memory.
#[derive(Debug, Clone, Default, clap::Args, serde::Serialize)]
pub struct StreamingOptions {
    /// Read the training rows from disk when they are needed, for data that does not fit in memory. They are tokenised once, into
    /// --token-cache. JSON Lines files, also compressed, and Parquet files of pairs can be streamed.
    #[arg(long, requires = "token_cache", conflicts_with = "dry_run")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    streaming: bool,
    /// Folder for the token ids of --streaming. Later runs with the same files, tokeniser and options use them again.
    #[arg(long, value_name = "DIR", requires = "streaming")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_cache: Option<PathBuf>,
}

impl StreamingOptions {
    /// The folder of caches, if rows are streamed.
    pub fn token_cache(&self) -> Result<Option<&Path>, Failure> {
        match (self.streaming, self.token_cache.as_deref()) {
            (true, None) => Err(UsageError::new("--streaming needs --token-cache, a folder for the token ids").into()),
            (true, folder) => Ok(folder),
            (false, Some(_)) => Err(UsageError::new("--token-cache has no effect without --streaming").into()),
            (false, None) => Ok(None),
        }
    }
}
