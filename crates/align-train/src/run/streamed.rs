//! Training examples that are tokenised into a cache on disk, and read from there.

use crate::{Result, RowSource};
use align_data::streaming::{CachedRow, TokenCache, TokenCacheKey};
use align_data::tables::{ColumnNames, ExampleBlocks, ExampleRow};
use align_data::{EncodeOptions, EncodeReport, Tokenizer};
use std::fmt::Debug;
use std::path::PathBuf;

/// Files whose examples are read in blocks: see [`Dataset::streamed`](super::Dataset::streamed).
#[derive(Debug, Clone)]
pub struct StreamedFiles {
    /// The files.
    pub files: Vec<PathBuf>,
    /// The names of their columns.
    pub columns: ColumnNames,
    /// The folder with the caches of token ids.
    pub token_cache: PathBuf,
}

/// Rows of a cache of token ids.
#[derive(Debug)]
pub struct StreamedRows<R> {
    /// The rows, which are read when they are needed.
    pub rows: Box<dyn RowSource<R>>,
    /// Which examples were changed or omitted.
    pub report: EncodeReport,
    /// The maximum tokens of a row, if there is a limit.
    pub max_length: Option<usize>,
}

impl StreamedFiles {
    /// Opens the cache of `blocks`, or builds it with `encode`.
    pub(super) fn encode<E: ExampleRow, R: CachedRow + Debug + 'static>(
        &self,
        blocks: ExampleBlocks<E>,
        (tokenizer, options): (&Tokenizer, &EncodeOptions),
        encode: impl Fn(&[E]) -> align_data::Result<(Vec<R>, EncodeReport)>,
    ) -> Result<StreamedRows<R>> {
        let key = TokenCacheKey::new(tokenizer, options)?;
        let cache = TokenCache::open_or_build(&self.token_cache, &key, blocks, encode)?;
        let report = cache.report()?;
        tracing::debug!(folder = %cache.folder().display(), rows = cache.len(), "token cache");
        Ok(StreamedRows { rows: Box::new(cache), report, max_length: options.max_length })
    }
}
