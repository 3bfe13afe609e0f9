use super::Tokenizer;
use crate::{Error, Result};
use align_base::files::Hasher;

impl Tokenizer {
    /// A digest of everything that affects encoding and decoding: the vocabulary, the processing steps, the special
    /// tokens and the chat templates.
    ///
    /// # Errors
    /// When the tokeniser cannot be serialised.
    pub fn digest(&self) -> Result<String> {
        let document = self.inner.to_string(false).map_err(|e| Error::Tokenizer(e.to_string()))?;
        let roles = format!("{:?}", (&self.special, &self.extra, self.truncates_left, self.clean_up));
        let mut hasher = Hasher::new("tokenizer");
        hasher.part(document.as_bytes()).part(roles.as_bytes());
        for template in self.chat_templates.iter() {
            hasher.part(template.name.as_bytes()).part(template.source.as_bytes());
        }
        Ok(hasher.digest())
    }
}
