use super::Tokenizer;
use crate::{Error, Result};
use align_base::files::Hasher;

impl Tokenizer {
    /// A digest of everything that affects encoding and decoding: the vocabulary, the processing steps and the special
    /// tokens.
    ///
    /// # Errors
    /// When the tokeniser cannot be serialised.
    pub fn digest(&self) -> Result<String> {
        let document = self.inner.to_string(false).map_err(|e| Error::Tokenizer(e.to_string()))?;
        let roles = format!("{:?}", (&self.special, &self.extra, self.truncates_left, self.clean_up));
        Ok(Hasher::new("tokenizer").part(document.as_bytes()).part(roles.as_bytes()).digest())
    }
}
