//! Warns about options that the folder sets and its tokeniser class ignores, in transformers as well.

use super::class::TokenizerClass;
use super::settings::Settings;
use serde_json::Value;

/// Logs a warning for each option that is set but has no effect on the ids.
pub(super) fn warn_ignored_options(settings: &Settings, class: TokenizerClass, file: Option<&Value>) {
    let set = |field: &str| settings.config.get(field).and_then(Value::as_bool);
    let mut ignored: Vec<&str> = Vec::new();
    // A post-processor that adds special tokens usually adds those that are asked for.
    let adds_tokens = file.is_some_and(|file| contains(file, "/post_processor", "\"SpecialToken\""));
    if (file.is_some() && !adds_tokens) || class == TokenizerClass::Bert {
        ignored.extend(["add_bos_token", "add_eos_token"].into_iter().filter(|field| set(field) == Some(true)));
    }
    if matches!(class, TokenizerClass::Bert | TokenizerClass::Gemma | TokenizerClass::Backend) {
        ignored.extend(Some("add_prefix_space").filter(|field| set(field) == Some(true) && !adds_prefix_space(file)));
    }
    if class != TokenizerClass::Bert {
        let lower_case = file.is_some_and(|file| contains(file, "/normalizer", "\"lowercase\":true"));
        let contradicts = set("do_lower_case").is_some_and(|wanted| wanted != lower_case);
        ignored.extend(Some("do_lower_case").filter(|_| contradicts));
    }
    ignored.extend(Some("do_basic_tokenize").filter(|field| set(field) == Some(false)));
    for field in ignored {
        let class = class.name();
        tracing::warn!(field, class, "tokenizer_config.json sets an option that this tokeniser class ignores");
    }
    let Some(file) = file else { return };
    let is_replaced = |pointer: &str, own: &str| {
        file.pointer(pointer)
            .is_some_and(|found| !found.is_null() && found.get("type").and_then(Value::as_str) != Some(own))
    };
    let parts = match class {
        TokenizerClass::Gpt2 => [("/normalizer", ""), ("/pre_tokenizer", "ByteLevel"), ("/decoder", "ByteLevel")],
        TokenizerClass::Bert => {
            [("/normalizer", "BertNormalizer"), ("/pre_tokenizer", "BertPreTokenizer"), ("/decoder", "WordPiece")]
        }
        TokenizerClass::Qwen2 => [("/normalizer", "NFC"), ("/pre_tokenizer", "Sequence"), ("/decoder", "ByteLevel")],
        // The files of Llama and Gemma write the same steps in various ways.
        _ => return,
    };
    for (pointer, _) in parts.into_iter().filter(|(pointer, own)| is_replaced(pointer, own)) {
        let (part, class) = (pointer.trim_start_matches('/'), class.name());
        tracing::warn!(part, class, "tokenizer.json has a part that this tokeniser class replaces with its own");
    }
}

fn adds_prefix_space(file: Option<&Value>) -> bool {
    let adds = |what| file.is_some_and(|file| contains(file, "/pre_tokenizer", what));
    ["\"add_prefix_space\":true", "\"prepend_scheme\":\"first\"", "\"prepend_scheme\":\"always\""].into_iter().any(adds)
        || file.is_some_and(|file| contains(file, "/normalizer", "\"Prepend\""))
}

fn contains(file: &Value, pointer: &str, what: &str) -> bool {
    file.pointer(pointer).is_some_and(|part| part.to_string().contains(what))
}
