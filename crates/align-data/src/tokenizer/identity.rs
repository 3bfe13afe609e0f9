use super::Tokenizer;
use crate::{Error, Result};
use align_base::files::Hasher;

impl Tokenizer {
    /// A digest of all that decides about the ids of a text and the text of ids: the vocabulary, what is done around it, and
    /// which tokens have a role.
    ///
    /// # Errors
    /// A tokeniser that cannot be written down.
    pub fn digest(&self) -> Result<String> {
        let document = self.inner.to_string(false).map_err(|e| Error::Tokenizer(e.to_string()))?;
        let roles = format!("{:?}", (&self.special, &self.extra, self.truncates_left, self.clean_up));
        Ok(Hasher::new("tokenizer").part(document.as_bytes()).part(roles.as_bytes()).digest())
    }
}
