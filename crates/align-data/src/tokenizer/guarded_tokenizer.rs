//! Wraps the tokenizers crate: a panic in it becomes an error that names the file.

use crate::catch_panic::catch_panic;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokenizers::parallelism::MaybeParallelIterator;
use tokenizers::{Encoding, PostProcessor, Result};

/// Sample texts that a tokeniser encodes when it is loaded. Broken tokenisers panic on these.
const SAMPLE_TEXTS: [&str; 4] = ["", "A film's 2nd half,\n  it is good.", " ", "\u{fdfa} Ä 映画 🎬\u{0}"];

/// A tokeniser of the tokenizers crate and its file. Methods that may panic are redefined here under the same names.
#[derive(Clone)]
pub(super) struct GuardedTokenizer {
    inner: tokenizers::Tokenizer,
    path: Arc<PathBuf>,
}

impl GuardedTokenizer {
    /// Wraps the tokeniser that was read from `path`.
    pub fn new(inner: tokenizers::Tokenizer, path: &Path) -> Self {
        Self { inner, path: Arc::new(path.to_owned()) }
    }

    /// Encodes and decodes the sample texts.
    ///
    /// # Errors
    /// When the crate panics. Encoding errors are not reported here.
    pub fn check_samples(self) -> std::result::Result<Self, String> {
        for text in SAMPLE_TEXTS {
            catch_panic(|| {
                let encoded = self.inner.encode_fast(text, true);
                encoded.map(|encoding| self.inner.decode(encoding.get_ids(), false)).is_ok()
            })
            .map_err(|panic| format!("the tokenizers library fails on the text {text:?}: {panic}"))?;
        }
        Ok(self)
    }

    pub fn encode_fast(&self, text: &str, add_special_tokens: bool) -> Result<Encoding> {
        self.guarded("a text", || self.inner.encode_fast(text, add_special_tokens))
    }

    /// Encodes a text with the position of each token in it.
    pub fn encode(&self, text: &str, add_special_tokens: bool) -> Result<Encoding> {
        self.guarded("a text", || self.inner.encode(text, add_special_tokens))
    }

    pub fn encode_batch_fast(&self, texts: Vec<&str>, add_special_tokens: bool) -> Result<Vec<Encoding>> {
        texts.into_maybe_par_iter().map(|text| self.encode_fast(text, add_special_tokens)).collect()
    }

    pub fn post_process(&self, encoding: Encoding, special: bool) -> Result<Encoding> {
        self.guarded("a text", || match self.inner.get_post_processor() {
            Some(processor) => processor.process(encoding, None, special),
            None => Ok(encoding),
        })
    }

    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool) -> Result<String> {
        self.guarded("decoding", || self.inner.decode(ids, skip_special_tokens))
    }

    pub fn decode_batch(&self, rows: &[&[u32]], skip_special_tokens: bool) -> Result<Vec<String>> {
        rows.into_maybe_par_iter().map(|row| self.decode(row, skip_special_tokens)).collect()
    }

    pub fn to_string(&self, pretty: bool) -> Result<String> {
        self.guarded("saving", || self.inner.to_string(pretty))
    }

    fn guarded<T>(&self, work: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
        catch_panic(run).unwrap_or_else(|panic| {
            Err(format!("{}: the tokenizers library failed in {work}: {panic}", self.path.display()).into())
        })
    }
}

impl Deref for GuardedTokenizer {
    type Target = tokenizers::Tokenizer;

    fn deref(&self) -> &tokenizers::Tokenizer {
        &self.inner
    }
}
