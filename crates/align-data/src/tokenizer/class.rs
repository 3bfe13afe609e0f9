//! The tokeniser class of a folder, as transformers determines it. The class decides which files and options are read.

use super::settings::Settings;
use crate::{Error, Result};

/// How transformers builds a tokeniser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenizerClass {
    /// `GPT2Tokenizer`: byte-level BPE with the folder's vocabulary and merges. Other steps in a `tokenizer.json` are
    /// ignored.
    Gpt2,
    /// `BertTokenizer` and `DistilBertTokenizer`: WordPiece with the folder's vocabulary and the options of
    /// `tokenizer_config.json`.
    Bert,
    /// `PreTrainedTokenizerFast` (`TokenizersBackend` in transformers 5): `tokenizer.json` is used unchanged.
    Backend,
}

/// Class names without the suffix `Fast` of transformers 4.
const CLASSES: [(&str, TokenizerClass); 6] = [
    ("GPT2Tokenizer", TokenizerClass::Gpt2),
    ("BertTokenizer", TokenizerClass::Bert),
    ("DistilBertTokenizer", TokenizerClass::Bert),
    ("TokenizersBackend", TokenizerClass::Backend),
    ("PreTrainedTokenizer", TokenizerClass::Backend),
    ("PreTrainedTokenizerFast", TokenizerClass::Backend),
];

impl TokenizerClass {
    /// The class named by `tokenizer_config.json`, or else by `config.json`, or else implied by the model type, or else
    /// by the files in the folder.
    pub fn detect(settings: &Settings) -> Result<Self> {
        let (config, model) = (&settings.config, &settings.model_config);
        let named =
            [("tokenizer_config.json", config), ("config.json", model)].into_iter().find_map(|(file, object)| {
                let name = object.get("tokenizer_class")?.as_str()?;
                Some((file, name)).filter(|(_, name)| !name.is_empty())
            });
        if let Some((file, name)) = named {
            let known = CLASSES.iter().find(|(known, _)| *known == name || name.strip_suffix("Fast") == Some(known));
            return known.map(|(_, class)| *class).ok_or_else(|| Error::TokenizerFile {
                path: settings.dir.join(file),
                problem: format!(
                    "tokenizer_class is {name}, expected GPT2Tokenizer, BertTokenizer, DistilBertTokenizer or \
                     PreTrainedTokenizerFast; the last one uses tokenizer.json unchanged"
                ),
            });
        }
        match model.get("model_type").and_then(serde_json::Value::as_str) {
            Some("gpt2") => Ok(Self::Gpt2),
            Some("distilbert" | "bert") => Ok(Self::Bert),
            _ if settings.has("tokenizer.json") => Ok(Self::Backend),
            _ if settings.has("vocab.json") && settings.has("merges.txt") => Ok(Self::Gpt2),
            _ => Ok(Self::Bert),
        }
    }

    /// The class name in transformers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpt2 => "GPT2Tokenizer",
            Self::Bert => "BertTokenizer",
            Self::Backend => "PreTrainedTokenizerFast",
        }
    }

    /// The class's default token for a role.
    pub fn default_token(self, role: &str) -> Option<&'static str> {
        match (self, role) {
            (Self::Gpt2, "bos_token" | "eos_token" | "unk_token") => Some("<|endoftext|>"),
            (Self::Bert, "unk_token") => Some("[UNK]"),
            (Self::Bert, "sep_token") => Some("[SEP]"),
            (Self::Bert, "pad_token") => Some("[PAD]"),
            (Self::Bert, "cls_token") => Some("[CLS]"),
            (Self::Bert, "mask_token") => Some("[MASK]"),
            _ => None,
        }
    }
}
