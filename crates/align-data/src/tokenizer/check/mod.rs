//! A look at every part of a `tokenizer.json` before the tokenizers crate builds it: the crate believes lengths, ids and patterns,
//! and some of them make it panic, ask for more memory than there is, or work for minutes.
//!
//! What is decided for the parts of tokenizers 0.23:
//!
//! | part | checked |
//! | --- | --- |
//! | any list of steps | at most [`steps::STEPS`] in all; what they may make of a byte, [`growth`] |
//! | `Replace`, `Split` | the pattern: not empty, compiled, tried on runs of characters under a limit of backtracking |
//! | `Prepend`, `BPEDecoder`, `WordPiece`, `CTC` | the lengths of their strings |
//! | `Precompiled` | the map of characters: each place that a text can lead to |
//! | `FixedLength`, decoder's `Strip` | their numbers |
//! | added tokens | ids, number, lengths, what the normaliser makes of them |
//! | `TemplateProcessing` | one text in it, its special tokens, their ids |
//! | `BertProcessing`, `RobertaProcessing` | their ids |
//! | `BPE`, `WordPiece`, `WordLevel`, `Unigram` | ids, lengths of tokens and affixes, the longest word, the size of the prefix tree |
//! | `BertNormalizer`, `NFC`, `NFD`, `NFKC`, `NFKD`, `Lowercase`, `Nmt`, `StripAccents`, normaliser's `Strip`, `ByteLevel`, `Metaspace`, `BertPreTokenizer`, `CharDelimiterSplit`, `Whitespace`, `WhitespaceSplit`, `Punctuation`, `Digits`, `UnicodeScripts`, `Fuse`, `ByteFallback` | nothing but growth: they hold flags and single characters |
//!
//! A part of an unknown type is refused: the crate would read it as whichever its fields fit.

mod added;
mod charsmap;
mod growth;
mod ids;
mod limits;
mod model;
mod pattern;
mod post_processor;
mod steps;

use crate::{Error, Result};
use ids::Ids;
use limits::{Checked, list};
use serde_json::Value;
use std::path::Path;

/// Checks the parts of `document`, which was read from `path`.
pub(super) fn check(path: &Path, document: &Value) -> Result<()> {
    parts(document).map_err(|problem| Error::TokenizerFile { path: path.to_owned(), problem })
}

fn parts(document: &Value) -> Checked<()> {
    let ids = Ids::of(document)?;
    if let Some(model) = document.get("model") {
        model::check(model).map_err(|problem| format!("model: {problem}"))?;
    }
    let growth = steps::check(document)?;
    added::check(list(document.get("added_tokens")), growth).map_err(|problem| format!("added_tokens: {problem}"))?;
    match document.get("post_processor") {
        None | Some(Value::Null) => Ok(()),
        Some(part) => post_processor::check(part, &ids).map_err(|problem| format!("post_processor: {problem}")),
    }
}
