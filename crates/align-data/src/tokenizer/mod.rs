//! Tokenisers in the file layout of transformers.

mod chat_model_documents;
mod chat_templates;
mod check;
mod class;
mod clean_up;
mod different_token;
mod digest;
mod document;
mod embeddings;
mod encode_chat;
mod end_of_turn;
mod file;
mod gguf;
mod guarded_tokenizer;
mod ignored_options;
mod load;
mod named_template;
mod prompts;
mod save;
mod settings;
mod special_tokens;
mod token_bytes;
mod train;
mod vocabulary;

pub use different_token::DifferentToken;
pub use encode_chat::EncodedChat;
pub use special_tokens::SpecialTokens;
pub use train::{train_byte_level_bpe, train_word_piece};

use crate::{Error, Result};
use guarded_tokenizer::GuardedTokenizer;
use named_template::NamedTemplate;
use serde_json::{Map, Value};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Once};
use tokenizers::{Encoding, PostProcessor, Token, TruncationDirection};

/// A tokeniser that encodes and decodes as transformers does.
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
    inner: GuardedTokenizer,
    special: SpecialTokens,
    /// Special tokens without a role in [`SpecialTokens`].
    extra: Vec<String>,
    /// Those of them that have a name, such as `image_token`.
    named_tokens: Map<String, Value>,
    chat_templates: Arc<Vec<NamedTemplate>>,
    /// The special tokens that the tokeniser adds to a text, and those of them that come after the text.
    special_ids: Vec<i64>,
    suffix_ids: Vec<i64>,
    /// The largest id plus one.
    ids_end: u64,
    /// The number of the model's embeddings, if known.
    embeddings: Option<u32>,
    /// Whether a warning about ids beyond the vocabulary was logged.
    warned: Arc<Once>,
    model_max_length: Option<usize>,
    /// Whether truncation removes the start of a text instead of its end.
    truncates_left: bool,
    /// Whether decoding removes spaces before punctuation.
    clean_up: bool,
    /// The folder that the tokeniser was read from; empty for a trained one.
    path: Arc<Path>,
    /// The fields of `tokenizer_config.json`, which are written back on saving.
    config: Map<String, Value>,
    /// The vocabulary files as read: name and bytes.
    files: Arc<Vec<(&'static str, Vec<u8>)>>,
}

impl Tokenizer {
    /// Creates a tokeniser without the settings of its folder.
    fn new(inner: GuardedTokenizer, special: SpecialTokens, extra: Vec<String>) -> Result<Self> {
        // The position of a dummy token shows which special tokens come before a text and which after it.
        let dummy = Encoding::from_tokens(vec![Token::new(0, String::new(), (0, 0))], 0);
        let encoding = inner.post_process(dummy, true).map_err(tokenizer_error)?;
        let mask = encoding.get_special_tokens_mask();
        let suffix_len = mask.iter().rev().take_while(|special| **special == 1).count();
        let ids = ids_of(&encoding);
        let special_ids = ids.iter().zip(mask).filter(|(_, special)| **special == 1).map(|(id, _)| *id);
        let ids_end = inner.get_vocab(true).into_values().max().map_or(0, |last| u64::from(last) + 1);
        Ok(Self {
            special,
            extra,
            named_tokens: Map::new(),
            chat_templates: Arc::default(),
            special_ids: special_ids.collect(),
            suffix_ids: ids.get(ids.len() - suffix_len..).unwrap_or_default().to_vec(),
            ids_end,
            embeddings: None,
            warned: Arc::new(Once::new()),
            model_max_length: None,
            truncates_left: false,
            clean_up: false,
            path: Arc::from(Path::new("")),
            config: Map::new(),
            files: Arc::default(),
            inner,
        })
    }

    /// Encodes a text, with or without the special tokens that the model expects (CLS and SEP, or BOS).
    ///
    /// # Errors
    /// When no token covers some part of the text and there is no unknown token, or when a token has no embedding (see
    /// [`Tokenizer::for_embeddings`]).
    pub fn encode(&self, text: &str, add_special_tokens: bool) -> Result<Vec<i64>> {
        self.check_embeddings(ids_of(&self.inner.encode_fast(text, add_special_tokens).map_err(tokenizer_error)?))
    }

    /// Encodes many texts in parallel. Texts longer than `max_length` tokens, special tokens included, are truncated at
    /// the end, or at the start if `truncation_side` in `tokenizer_config.json` is `left`. Special tokens are kept.
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
        // Encoding in chunks limits the memory for the tokeniser's intermediate results.
        for chunk in texts.chunks(CHUNK_SIZE) {
            let chunk: Vec<&str> = chunk.iter().map(AsRef::as_ref).collect();
            let Some(limit) = max_length else {
                let encodings = self.inner.encode_batch_fast(chunk, add_special_tokens).map_err(tokenizer_error)?;
                for encoding in &encodings {
                    ids.push(self.check_embeddings(ids_of(encoding))?);
                }
                continue;
            };
            for mut encoding in self.inner.encode_batch_fast(chunk, false).map_err(tokenizer_error)? {
                encoding.truncate(limit - added, 0, side);
                if added > 0 {
                    encoding = self.inner.post_process(encoding, true).map_err(tokenizer_error)?;
                }
                ids.push(self.check_embeddings(ids_of(&encoding))?);
            }
        }
        Ok(ids)
    }

    /// Decodes token ids. `skip_special_tokens` omits special tokens. Ids beyond the vocabulary, which a model with
    /// more embeddings than tokens can generate, decode to nothing, as in transformers; the first such id is logged.
    ///
    /// # Errors
    /// When an id is negative or above 2^32 - 1.
    pub fn decode(&self, ids: &[i64], skip_special_tokens: bool) -> Result<String> {
        let text = self.inner.decode(&self.to_u32_ids(ids)?, skip_special_tokens).map_err(tokenizer_error)?;
        Ok(self.clean_up_text(text))
    }

    /// Decodes many rows of token ids in parallel.
    ///
    /// # Errors
    /// As [`Tokenizer::decode`].
    pub fn decode_batch<S: AsRef<[i64]>>(&self, rows: &[S], skip_special_tokens: bool) -> Result<Vec<String>> {
        let rows = rows.iter().map(|row| self.to_u32_ids(row.as_ref())).collect::<Result<Vec<_>>>()?;
        let rows: Vec<&[u32]> = rows.iter().map(Vec::as_slice).collect();
        let texts = self.inner.decode_batch(&rows, skip_special_tokens).map_err(tokenizer_error)?;
        Ok(texts.into_iter().map(|text| self.clean_up_text(text)).collect())
    }

    fn to_u32_ids(&self, ids: &[i64]) -> Result<Vec<u32>> {
        let of = |id: i64| u32::try_from(id).map_err(|_| Error::Tokenizer(format!("expected a token id, found {id}")));
        let ids = ids.iter().map(|id| of(*id)).collect::<Result<Vec<u32>>>()?;
        if let Some(id) = ids.iter().find(|id| u64::from(**id) >= self.ids_end) {
            self.warned.call_once(|| {
                tracing::warn!(id, tokens = self.ids_end, "an id beyond the tokeniser's last token decodes to no text");
            });
        }
        Ok(ids)
    }

    /// The number of tokens, including added ones.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The id of a token, if it exists.
    pub fn token_to_id(&self, token: &str) -> Option<i64> {
        self.inner.token_to_id(token).map(i64::from)
    }

    /// The token of an id, if it exists.
    pub fn id_to_token(&self, id: i64) -> Option<String> {
        self.inner.id_to_token(u32::try_from(id).ok()?)
    }

    /// The special tokens by role.
    pub fn special_tokens(&self) -> &SpecialTokens {
        &self.special
    }

    /// The id of the EOS token.
    pub fn eos_token_id(&self) -> Option<i64> {
        self.id_of(self.special.eos.as_ref())
    }

    /// The id of the BOS token.
    pub fn bos_token_id(&self) -> Option<i64> {
        self.id_of(self.special.bos.as_ref())
    }

    /// The id for padding. If the tokeniser has no padding token, like GPT-2's, it is the id of EOS.
    pub fn pad_token_id(&self) -> Option<i64> {
        self.id_of(self.special.pad.as_ref().or(self.special.eos.as_ref()))
    }

    /// The id of the unknown token.
    pub fn unk_token_id(&self) -> Option<i64> {
        self.id_of(self.special.unk.as_ref())
    }

    /// The model's maximum length in tokens, if the tokeniser specifies it.
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

const CHUNK_SIZE: usize = 1024;

fn ids_of(encoding: &Encoding) -> Vec<i64> {
    encoding.get_ids().iter().map(|&id| i64::from(id)).collect()
}

fn tokenizer_error(problem: tokenizers::Error) -> Error {
    Error::Tokenizer(problem.to_string())
}
