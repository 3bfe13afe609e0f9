use align_gguf::{GgufError, Metadata};
use std::collections::HashMap;

/// Most tokens that are read. Known models have up to 262,144.
const MAX_TOKENS: usize = 1 << 20;

/// Kinds of tokens in `tokenizer.ggml.token_type`.
pub(super) const NORMAL: i32 = 1;
pub(super) const UNKNOWN: i32 = 2;
pub(super) const CONTROL: i32 = 3;
pub(super) const USER_DEFINED: i32 = 4;
pub(super) const UNUSED: i32 = 5;
pub(super) const BYTE: i32 = 6;

/// The tokens of a file, with their ids and kinds.
pub(super) struct Vocabulary<'a> {
    pub tokens: &'a [String],
    pub kinds: Vec<i32>,
    pub ids: HashMap<&'a str, usize>,
}

impl<'a> Vocabulary<'a> {
    pub fn read(metadata: &'a Metadata) -> Result<Self, String> {
        let message = |error: GgufError| error.to_string();
        let tokens = metadata.texts("tokenizer.ggml.tokens").map_err(message)?;
        let tokens = tokens.ok_or("has no tokeniser in its metadata (tokenizer.ggml.tokens)")?;
        if tokens.len() > MAX_TOKENS {
            return Err(format!("has {} tokens, expected at most {MAX_TOKENS}", tokens.len()));
        }
        let kinds = metadata.i32s("tokenizer.ggml.token_type").map_err(message)?;
        let kinds = kinds.map_or_else(|| vec![NORMAL; tokens.len()], <[i32]>::to_vec);
        if kinds.len() != tokens.len() {
            return Err(format!("has {} tokens, but {} types of tokens", tokens.len(), kinds.len()));
        }
        // Ids that only fill up the embeddings are not tokens.
        let padding = tokens.iter().zip(&kinds).enumerate().rev();
        let padding =
            padding.take_while(|(id, (token, kind))| **kind == UNUSED && **token == padding_token(*id)).count();
        let (tokens, kinds) = (tokens.split_at(tokens.len() - padding).0, kinds.split_at(kinds.len() - padding).0);
        let mut ids = HashMap::with_capacity(tokens.len());
        for (id, token) in tokens.iter().enumerate() {
            if let Some(other) = ids.insert(token.as_str(), id) {
                return Err(format!("has the token {token:?} twice (ids {other} and {id})"));
            }
        }
        Ok(Self { tokens, kinds: kinds.to_vec(), ids })
    }

    /// The token of a role, and its id.
    pub fn special(&self, metadata: &Metadata, role: &str) -> Result<Option<(&'a str, u32)>, String> {
        let key = format!("tokenizer.ggml.{role}_token_id");
        let Some(id) = metadata.u64(&key).map_err(|error| error.to_string())? else { return Ok(None) };
        let token = usize::try_from(id).ok().and_then(|id| self.tokens.get(id));
        match (token, u32::try_from(id)) {
            (Some(token), Ok(id)) => Ok(Some((token, id))),
            // What llama.cpp writes for a role without a token.
            (None, Ok(u32::MAX)) => Ok(None),
            _ => Err(format!("{key} is {id}, but there are {} tokens", self.tokens.len())),
        }
    }

    /// Tokens with their ids and kinds.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &'a str, i32)> {
        self.tokens.iter().zip(&self.kinds).enumerate().map(|(id, (token, kind))| (id, token.as_str(), *kind))
    }
}

/// The name of an id without a token, which has an embedding.
pub(super) fn padding_token(id: usize) -> String {
    format!("[PAD{id}]")
}
