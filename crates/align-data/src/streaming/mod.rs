//! Data that does not fit in memory: a cache of token ids on disk, and orders of rows that take no memory.
//!
//! [`ExampleBlocks`](crate::tables::ExampleBlocks) reads files a block of rows at a time. [`TokenCache`] tokenises the blocks once and
//! stores the token ids in a folder, from which single rows are read. [`BlockShuffle`] gives the order of rows in an epoch.
//!
//! ```no_run
//! use align_data::streaming::{BlockShuffle, TokenCache, TokenCacheKey};
//! use align_data::tables::{ColumnNames, ExampleBlocks};
//! use align_data::{EncodeOptions, EncodedPair, PairExample, Tokenizer, encode_pairs};
//!
//! let tokenizer = Tokenizer::from_pretrained("gpt2")?;
//! let options = EncodeOptions::default();
//! let blocks = ExampleBlocks::<PairExample>::open(&["pairs.jsonl"], &ColumnNames::default())?;
//! let key = TokenCacheKey::new(&tokenizer, &options)?;
//! let cache = TokenCache::<EncodedPair>::open_or_build("token-cache", &key, blocks, |rows| {
//!     let encoded = encode_pairs(&tokenizer, rows, &options)?;
//!     Ok::<_, align_data::Error>((encoded.pairs, encoded.report))
//! })?;
//! let order = BlockShuffle::new(cache.len(), 42, 0);
//! let first_batch = cache.rows(&(0..8).map(|position| order.row(position)).collect::<Vec<_>>())?;
//! # Ok::<(), align_data::Error>(())
//! ```

mod block_shuffle;
mod error;
mod permutation;
mod token_cache;

pub use block_shuffle::BlockShuffle;
pub use error::StreamingError;
pub use token_cache::{CachedRow, RowReader, RowStatistics, RowWriter, TokenCache, TokenCacheKey};
