//! Tokenisers in transformers' layout.

mod check;
mod class;
mod clean_up;
mod document;
mod embeddings;
mod file;
mod guarded;
mod identity;
mod ignored;
mod load;
mod prompts;
mod save;
mod settings;
mod special_tokens;
mod token_bytes;
mod train;
mod vocabulary;

pub use special_tokens::SpecialTokens;
pub use train::{train_byte_level_bpe, train_word_piece};

use crate::{Error, Result};
use guarded::Guarded;
use serde_json::{Map, Value};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Once};
use tokenizers::{Encoding, PostProcessor, Token, TruncationDirection};

/// Text to token ids and back, as transformers does it.
///
/// ```no_run
/// use align_data::Tokenizer;
/// let tokenizer = Tokenizer::from_pretrained("models/gpt2")?;
/// let ids = tokenizer.encode("This movie", true)?;
/// assert_eq!(tokenizer.decode(&ids, true)?, "This movie");
/// # Ok::<(), align_data::Error>(())
/// ```
#[derive(Clone)]
pub struct Tokenizer {
    inner: Guarded,
    special: SpecialTokens,
    /// Special tokens without one of the roles of [`SpecialTokens`].
    extra: Vec<String>,
    /// What the tokeniser puts around a text, and the part of it that comes behind.
    around: Vec<i64>,
    behind: Vec<i64>,
    /// One more than the largest id.
    ids_end: u64,
    /// How many embeddings the model has, once the two were compared.
    embeddings: Option<u32>,
    /// Whether ids beyond the vocabulary were told of.
    told: Arc<Once>,
    model_max_length: Option<usize>,
    /// Whether the end of a text that is too long is kept.
    truncates_left: bool,
    /// Whether spaces before punctuation are taken out of decoded text.
    clean_up: bool,
    /// The folder that it was read from; empty where it was made.
    path: Arc<Path>,
    /// What `tokenizer_config.json` says, for writing it again.
    config: Map<String, Value>,
    /// The vocabulary's files as they were read: name and bytes.
    files: Arc<Vec<(&'static str, Vec<u8>)>>,
}

impl Tokenizer {
    /// A tokeniser without what its folder says beside its tokens.
    fn new(inner: Guarded, special: SpecialTokens, extra: Vec<String>) -> Result<Self> {
        // A token that stands for any text shows on which side of it the others come.
        let text = Encoding::from_tokens(vec![Token::new(0, String::new(), (0, 0))], 0);
        let around = inner.post_process(text, true).map_err(refused)?;
        let mask = around.get_special_tokens_mask();
        let behind = mask.iter().rev().take_while(|special| **special == 1).count();
        let ids = ids_of(&around);
        let of_tokeniser = ids.iter().zip(mask).filter(|(_, special)| **special == 1).map(|(id, _)| *id);
        let ids_end = inner.get_vocab(true).into_values().max().map_or(0, |last| u64::from(last) + 1);
        Ok(Self {
            special,
            extra,
            around: of_tokeniser.collect(),
            behind: ids.get(ids.len() - behind..).unwrap_or_default().to_vec(),
            ids_end,
            embeddings: None,
            told: Arc::new(Once::new()),
            model_max_length: None,
            truncates_left: false,
            clean_up: false,
            path: Arc::from(Path::new("")),
            config: Map::new(),
            files: Arc::default(),
            inner,
        })
    }

    /// The token ids of a text, with or without the tokens that the model expects around it (CLS and SEP, or BOS).
    ///
    /// # Errors
    /// When the tokeniser has no token for some part of the text, not even one for unknown parts, or one without an embedding
    /// (see [`Tokenizer::for_embeddings`]).
    pub fn encode(&self, text: &str, add_special_tokens: bool) -> Result<Vec<i64>> {
        self.checked(ids_of(&self.inner.encode_fast(text, add_special_tokens).map_err(refused)?))
    }

    /// The token ids of many texts, in parallel; the text's end (its beginning where `truncation_side` of
    /// `tokenizer_config.json` is `left`) is cut where a row would exceed `max_length` tokens, special tokens counted and kept.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`], and when `max_length` leaves no room for a token of the text.
    pub fn encode_batch<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        add_special_tokens: bool,
        max_length: Option<usize>,
    ) -> Result<Vec<Vec<i64>>> {
        let added = self.inner.get_post_processor().filter(|_| add_special_tokens).map_or(0, |p| p.added_tokens(false));
        if let Some(limit) = max_length.filter(|&limit| limit <= added) {
            return Err(Error::Option {
                option: "max_length",
                expected: format!("at least {} tokens: {added} special ones and one of the text", added + 1),
                found: limit.to_string(),
            });
        }
        let side = if self.truncates_left { TruncationDirection::Left } else { TruncationDirection::Right };
        let mut ids = Vec::with_capacity(texts.len());
        // In chunks, so that the tokeniser's own records of each text do not pile up.
        for chunk in texts.chunks(CHUNK) {
            let chunk: Vec<&str> = chunk.iter().map(AsRef::as_ref).collect();
            let Some(limit) = max_length else {
                let encodings = self.inner.encode_batch_fast(chunk, add_special_tokens).map_err(refused)?;
                for encoding in &encodings {
                    ids.push(self.checked(ids_of(encoding))?);
                }
                continue;
            };
            for mut encoding in self.inner.encode_batch_fast(chunk, false).map_err(refused)? {
                encoding.truncate(limit - added, 0, side);
                if added > 0 {
                    encoding = self.inner.post_process(encoding, true).map_err(refused)?;
                }
                ids.push(self.checked(ids_of(&encoding))?);
            }
        }
        Ok(ids)
    }

    /// The text of token ids. Of the tokens, special ones alone are skipped where asked. Ids beyond the vocabulary, which a
    /// model with more embeddings than tokens may write, stand for no text, as in transformers; the first ones are told in the
    /// log.
    ///
    /// # Errors
    /// When an id is negative or above 2^32 - 1.
    pub fn decode(&self, ids: &[i64], skip_special_tokens: bool) -> Result<String> {
        let text = self.inner.decode(&self.unsigned(ids)?, skip_special_tokens).map_err(refused)?;
        Ok(self.cleaned(text))
    }

    /// The texts of many rows of token ids, in parallel.
    ///
    /// # Errors
    /// As [`Tokenizer::decode`].
    pub fn decode_batch<S: AsRef<[i64]>>(&self, rows: &[S], skip_special_tokens: bool) -> Result<Vec<String>> {
        let rows = rows.iter().map(|row| self.unsigned(row.as_ref())).collect::<Result<Vec<_>>>()?;
        let rows: Vec<&[u32]> = rows.iter().map(Vec::as_slice).collect();
        let texts = self.inner.decode_batch(&rows, skip_special_tokens).map_err(refused)?;
        Ok(texts.into_iter().map(|text| self.cleaned(text)).collect())
    }

    fn unsigned(&self, ids: &[i64]) -> Result<Vec<u32>> {
        let of = |id: i64| u32::try_from(id).map_err(|_| Error::Tokenizer(format!("expected a token id, found {id}")));
        let ids = ids.iter().map(|id| of(*id)).collect::<Result<Vec<u32>>>()?;
        if let Some(id) = ids.iter().find(|id| u64::from(**id) >= self.ids_end) {
            self.told.call_once(|| {
                tracing::warn!(id, tokens = self.ids_end, "an id beyond the tokeniser's last token stands for no text");
            });
        }
        Ok(ids)
    }

    /// The number of tokens, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The id of a token, if there is such a token.
    pub fn token_to_id(&self, token: &str) -> Option<i64> {
        self.inner.token_to_id(token).map(i64::from)
    }

    /// The token of an id, if there is one.
    pub fn id_to_token(&self, id: i64) -> Option<String> {
        self.inner.id_to_token(u32::try_from(id).ok()?)
    }

    /// The tokens with a role of their own.
    pub fn special_tokens(&self) -> &SpecialTokens {
        &self.special
    }

    /// The id of the token that ends a text.
    pub fn eos_token_id(&self) -> Option<i64> {
        self.id_of(self.special.eos.as_ref())
    }

    /// The id of the token that begins a text.
    pub fn bos_token_id(&self) -> Option<i64> {
        self.id_of(self.special.bos.as_ref())
    }

    /// The id that fills rows up; that of EOS where the tokeniser names no padding token, as GPT-2's does not.
    pub fn pad_token_id(&self) -> Option<i64> {
        self.id_of(self.special.pad.as_ref().or(self.special.eos.as_ref()))
    }

    /// The id of the token for unknown parts of a text.
    pub fn unk_token_id(&self) -> Option<i64> {
        self.id_of(self.special.unk.as_ref())
    }

    /// The most tokens that the model takes, if the tokeniser says so.
    pub fn model_max_length(&self) -> Option<usize> {
        self.model_max_length
    }

    fn id_of(&self, token: Option<&String>) -> Option<i64> {
        self.token_to_id(token?)
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("vocab_size", &self.vocab_size())
            .field("special_tokens", &self.special)
            .field("model_max_length", &self.model_max_length)
            .finish_non_exhaustive()
    }
}

const CHUNK: usize = 1024;

fn ids_of(encoding: &Encoding) -> Vec<i64> {
    encoding.get_ids().iter().map(|&id| i64::from(id)).collect()
}

fn refused(problem: tokenizers::Error) -> Error {
    Error::Tokenizer(problem.to_string())
}
