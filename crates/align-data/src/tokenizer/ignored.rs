//! Options of a folder that its class does not read, as transformers does not: said in the log.

use super::class::Class;
use super::settings::Settings;
use serde_json::Value;

/// Warns of what has no effect on the ids, although the folder sets it.
pub(super) fn warn(settings: &Settings, class: Class, file: Option<&Value>) {
    let set = |field: &str| settings.config.get(field).and_then(Value::as_bool);
    let mut ignored: Vec<&str> = Vec::new();
    if file.is_some() || class == Class::Bert {
        ignored.extend(["add_bos_token", "add_eos_token"].into_iter().filter(|field| set(field) == Some(true)));
    }
    if class != Class::Gpt2 {
        ignored.extend(Some("add_prefix_space").filter(|field| set(field) == Some(true) && !prefixes(file)));
    }
    if class != Class::Bert {
        let lower_case = file.is_some_and(|file| holds(file, "/normalizer", "\"lowercase\":true"));
        let contradicts = set("do_lower_case").is_some_and(|wanted| wanted != lower_case);
        ignored.extend(Some("do_lower_case").filter(|_| contradicts));
    }
    ignored.extend(Some("do_basic_tokenize").filter(|field| set(field) == Some(false)));
    for field in ignored {
        let class = class.name();
        tracing::warn!(field, class, "tokenizer_config.json sets an option that this tokeniser does not read");
    }
    let Some(file) = file else { return };
    let replaced = |place: &str, own: &str| {
        file.pointer(place)
            .is_some_and(|found| !found.is_null() && found.get("type").and_then(Value::as_str) != Some(own))
    };
    let parts = match class {
        Class::Gpt2 => [("/normalizer", ""), ("/pre_tokenizer", "ByteLevel"), ("/decoder", "ByteLevel")],
        Class::Bert => {
            [("/normalizer", "BertNormalizer"), ("/pre_tokenizer", "BertPreTokenizer"), ("/decoder", "WordPiece")]
        }
        Class::Backend => return,
    };
    for (place, _) in parts.into_iter().filter(|(place, own)| replaced(place, own)) {
        let (part, class) = (place.trim_start_matches('/'), class.name());
        tracing::warn!(part, class, "tokenizer.json has a part that this class replaces by its own");
    }
}

fn prefixes(file: Option<&Value>) -> bool {
    file.is_some_and(|file| holds(file, "/pre_tokenizer", "\"add_prefix_space\":true"))
}

fn holds(file: &Value, place: &str, what: &str) -> bool {
    file.pointer(place).is_some_and(|part| part.to_string().contains(what))
}
