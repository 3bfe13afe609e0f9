use super::source_file::SourceFile;
use crate::tables::ColumnNames;
use crate::{Error, PairNumber, Result, Tokenizer};
use align_base::files::Hasher;
use serde::{Deserialize, Serialize};

/// The version of the files of a cache.
const FORMAT: u32 = 1;
/// Hex digits of a key in the name of a cache.
const NAME_DIGITS: usize = 16;

/// What token ids depend on besides the files: the tokeniser and the options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenCacheKey {
    tokenizer: String,
    options: String,
}

/// All that the rows of a cache depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyParts {
    format: u32,
    kind: String,
    tokenizer: String,
    options: String,
    columns: String,
    numbers: Vec<PairNumber>,
    /// The extensions of the files, which decide their formats, and their digests, in order.
    files: Vec<(String, String)>,
}

impl TokenCacheKey {
    /// A key for rows that this tokeniser encodes with these options. `options` is anything that the ids depend on.
    ///
    /// # Errors
    /// A tokeniser or options that cannot be written as JSON.
    pub fn new(tokenizer: &Tokenizer, options: &impl Serialize) -> Result<Self> {
        let json = serde_json::to_string(options);
        let options = json.map_err(|problem| Error::Tokenizer(format!("the options of a token cache: {problem}")))?;
        Ok(Self { tokenizer: tokenizer.digest()?, options })
    }
}

impl KeyParts {
    pub fn new(
        key: &TokenCacheKey,
        kind: &str,
        columns: &ColumnNames,
        numbers: &[PairNumber],
        files: &[SourceFile],
    ) -> Self {
        Self {
            format: FORMAT,
            kind: kind.to_owned(),
            tokenizer: key.tokenizer.clone(),
            options: key.options.clone(),
            columns: columns.to_string(),
            numbers: numbers.to_vec(),
            files: files.iter().map(|file| (file.extensions(), file.blake3.clone())).collect(),
        }
    }

    /// The digest of all parts.
    pub fn digest(&self) -> String {
        let mut hasher = Hasher::new("token cache");
        hasher.part(&self.format.to_le_bytes());
        for part in [&self.kind, &self.tokenizer, &self.options, &self.columns] {
            hasher.part(part.as_bytes());
        }
        for number in &self.numbers {
            hasher.part(number.name().as_bytes());
        }
        hasher.part(b"files");
        for (extensions, digest) in &self.files {
            hasher.part(extensions.as_bytes()).part(digest.as_bytes());
        }
        hasher.digest()
    }

    /// The name of the cache's folder.
    pub fn folder_name(&self) -> String {
        let digest = self.digest();
        format!("{}-{}", self.kind, digest.get(..NAME_DIGITS).unwrap_or(&digest))
    }
}
