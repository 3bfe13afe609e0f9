//! Checks the post-processor. The crate identifies its parts by their fields, whatever the type says, and so does this
//! check.

use super::ids::IdRange;
use super::limits::{CheckResult, MAX_TOKEN_BYTES, check_length, list};
use serde_json::Value;

/// Most pieces of a template, parts of a sequence, and ids of a special token.
const MAX_PARTS: usize = 64;
const KINDS: [&str; 5] = ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"];

pub(super) fn check(part: &Value, ids: &IdRange) -> CheckResult<()> {
    check_nested(part, ids, &mut 0)
}

fn check_nested(part: &Value, ids: &IdRange, parts: &mut usize) -> CheckResult<()> {
    *parts += 1;
    if *parts > MAX_PARTS {
        return Err(format!("expected at most {MAX_PARTS} parts"));
    }
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("none");
    if !KINDS.contains(&kind) {
        return Err(format!("expected a type of {}, found {kind:?}", KINDS.join(", ")));
    }
    for name in ["sep", "cls"] {
        if let Some((token, id)) = part.get(name).and_then(|pair| pair.get(0)?.as_str().zip(pair.get(1)?.as_u64())) {
            check_length(name, token, MAX_TOKEN_BYTES)?;
            ids.check(token, id)?;
        }
    }
    if let Some(single) = part.get("single") {
        check_template(single, part, "A").map_err(|problem| format!("single: {problem}"))?;
        check_special_tokens(part, ids)?;
    }
    if let Some(pair) = part.get("pair") {
        check_template(pair, part, "AB").map_err(|problem| format!("pair: {problem}"))?;
    }
    list(part.get("processors")).iter().try_for_each(|part| check_nested(part, ids, parts))
}

/// Checks a template, which must contain each of `texts` once.
fn check_template(template: &Value, part: &Value, texts: &str) -> CheckResult<()> {
    let pieces = list(Some(template));
    if pieces.len() > MAX_PARTS {
        return Err(format!("{} parts, expected at most {MAX_PARTS}", pieces.len()));
    }
    let mut found: Vec<&str> =
        pieces.iter().filter_map(|piece| piece.pointer("/Sequence/id").and_then(Value::as_str)).collect();
    found.sort_unstable();
    if found.concat() != texts {
        let expected = if texts == "A" { "the text A once" } else { "the texts A and B once" };
        return Err(format!("expected {expected}, found {found:?}"));
    }
    let tokens = part.get("special_tokens");
    for name in pieces.iter().filter_map(|piece| piece.pointer("/SpecialToken/id").and_then(Value::as_str)) {
        if tokens.and_then(|tokens| tokens.get(name)).is_none() {
            return Err(format!("the special token {name:?} is not among its special_tokens"));
        }
    }
    Ok(())
}

fn check_special_tokens(part: &Value, ids: &IdRange) -> CheckResult<()> {
    for (name, token) in part.get("special_tokens").and_then(Value::as_object).into_iter().flatten() {
        let (numbers, words) = (list(token.get("ids")), list(token.get("tokens")));
        if numbers.len() != words.len() || numbers.len() > MAX_PARTS {
            return Err(format!(
                "special token {name:?}: {} ids and {} tokens, expected equal numbers, at most {MAX_PARTS}",
                numbers.len(),
                words.len()
            ));
        }
        for (id, word) in numbers.iter().zip(words) {
            let word = word.as_str().unwrap_or_default();
            check_length("a special token", word, MAX_TOKEN_BYTES)?;
            ids.check(word, id.as_u64().unwrap_or_default())?;
        }
    }
    Ok(())
}
