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
    /// `LlamaTokenizer`: BPE with byte fallback, with the folder's vocabulary, merges and post-processor.
    Llama,
    /// `CodeLlamaTokenizer`: as `LlamaTokenizer`, with tokens for infilling.
    CodeLlama,
    /// `Qwen2Tokenizer`: byte-level BPE with normalisation and a pattern of its own.
    Qwen2,
    /// `GemmaTokenizer`: BPE with byte fallback, without a prefix.
    Gemma,
    /// `PreTrainedTokenizerFast` (`TokenizersBackend` in transformers 5): `tokenizer.json` is used unchanged.
    Backend,
}

/// Class names without the suffix `Fast` of transformers 4.
const CLASSES: [(&str, TokenizerClass); 10] = [
    ("GPT2Tokenizer", TokenizerClass::Gpt2),
    ("BertTokenizer", TokenizerClass::Bert),
    ("DistilBertTokenizer", TokenizerClass::Bert),
    ("LlamaTokenizer", TokenizerClass::Llama),
    ("CodeLlamaTokenizer", TokenizerClass::CodeLlama),
    ("Qwen2Tokenizer", TokenizerClass::Qwen2),
    ("GemmaTokenizer", TokenizerClass::Gemma),
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
        let model_type = model.get("model_type").and_then(serde_json::Value::as_str);
        if let Some((file, name)) = named {
            let known = CLASSES.iter().find(|(known, _)| *known == name || name.strip_suffix("Fast") == Some(known));
            let class = known.map(|(_, class)| *class).ok_or_else(|| Error::TokenizerFile {
                path: settings.dir.join(file),
                problem: format!(
                    "tokenizer_class is {name}, expected GPT2Tokenizer, LlamaTokenizer, CodeLlamaTokenizer, \
                     Qwen2Tokenizer, GemmaTokenizer, BertTokenizer, DistilBertTokenizer or PreTrainedTokenizerFast; \
                     the last one uses tokenizer.json unchanged"
                ),
            })?;
            // Some models of these types name a wrong class, so transformers does not rely on it.
            return Ok(match model_type {
                Some("mistral") => Self::Backend,
                Some("qwen2") => Self::Qwen2,
                _ => class,
            });
        }
        match model_type {
            Some("gpt2") => Ok(Self::Gpt2),
            Some("distilbert" | "bert") => Ok(Self::Bert),
            Some("qwen2" | "qwen3") => Ok(Self::Qwen2),
            Some("gemma" | "gemma2" | "gemma3" | "gemma3_text") => Ok(Self::Gemma),
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
            Self::Llama => "LlamaTokenizer",
            Self::CodeLlama => "CodeLlamaTokenizer",
            Self::Qwen2 => "Qwen2Tokenizer",
            Self::Gemma => "GemmaTokenizer",
            Self::Backend => "PreTrainedTokenizerFast",
        }
    }

    /// Whether the class reads `vocab.json` and `merges.txt` where there is no `tokenizer.json`.
    pub fn reads_vocabulary_files(self) -> bool {
        matches!(self, Self::Gpt2 | Self::Qwen2)
    }

    /// The class's default token for a role.
    pub fn default_token(self, role: &str) -> Option<&'static str> {
        match (self, role) {
            (Self::Gpt2, "bos_token" | "eos_token" | "unk_token") => Some("<|endoftext|>"),
            (Self::Qwen2, "eos_token" | "unk_token" | "pad_token") => Some("<|endoftext|>"),
            (Self::Llama | Self::CodeLlama, "bos_token") => Some("<s>"),
            (Self::Llama | Self::CodeLlama, "eos_token") => Some("</s>"),
            (Self::Llama | Self::CodeLlama | Self::Gemma, "unk_token") => Some("<unk>"),
            (Self::Gemma, "bos_token") => Some("<bos>"),
            (Self::Gemma, "eos_token") => Some("<eos>"),
            (Self::Gemma, "pad_token") => Some("<pad>"),
            (Self::Gemma, "mask_token") => Some("<mask>"),
            (Self::Bert, "unk_token") => Some("[UNK]"),
            (Self::Bert, "sep_token") => Some("[SEP]"),
            (Self::Bert, "pad_token") => Some("[PAD]"),
            (Self::Bert, "cls_token") => Some("[CLS]"),
            (Self::Bert, "mask_token") => Some("[MASK]"),
            _ => None,
        }
    }

    /// Further special tokens of the class: field and default.
    pub fn further_tokens(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::CodeLlama => &[
                ("prefix_token", "▁<PRE>"),
                ("middle_token", "▁<MID>"),
                ("suffix_token", "▁<SUF>"),
                ("eot_token", "▁<EOT>"),
                ("fill_token", "<FILL_ME>"),
            ],
            _ => &[],
        }
    }
}
