//! Which of transformers' tokeniser classes a folder asks for: it decides what of the folder is read.

use super::settings::Settings;
use crate::{Error, Result};

/// How transformers builds a tokeniser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// `GPT2Tokenizer`: byte-level BPE around the vocabulary and merges, whatever else a `tokenizer.json` says of splitting.
    Gpt2,
    /// `BertTokenizer` and `DistilBertTokenizer`: WordPiece around the vocabulary, with the options of
    /// `tokenizer_config.json`.
    Bert,
    /// `PreTrainedTokenizerFast`, in transformers 5 `TokenizersBackend`: a `tokenizer.json` as it stands.
    Backend,
}

/// Names of classes without the `Fast` that transformers 4 put behind them.
const CLASSES: [(&str, Class); 6] = [
    ("GPT2Tokenizer", Class::Gpt2),
    ("BertTokenizer", Class::Bert),
    ("DistilBertTokenizer", Class::Bert),
    ("TokenizersBackend", Class::Backend),
    ("PreTrainedTokenizer", Class::Backend),
    ("PreTrainedTokenizerFast", Class::Backend),
];

impl Class {
    /// The class that `tokenizer_config.json` or else `config.json` names, or else that of the model's type, or else the one that
    /// the files fit.
    pub fn of(settings: &Settings) -> Result<Self> {
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
                     PreTrainedTokenizerFast; the last one takes tokenizer.json as it stands"
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

    /// The name that transformers knows it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpt2 => "GPT2Tokenizer",
            Self::Bert => "BertTokenizer",
            Self::Backend => "PreTrainedTokenizerFast",
        }
    }

    /// The token of a role that no file names.
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
