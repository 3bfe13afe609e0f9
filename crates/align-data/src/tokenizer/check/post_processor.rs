//! What is put around a text's tokens. The crate reads these parts by their fields, whatever their type says, and so do we.

use super::ids::Ids;
use super::limits::{Checked, TOKEN_BYTES, list, short};
use serde_json::Value;

/// Most parts of a template, of a sequence, and ids of a special token.
const PARTS: usize = 64;
const KINDS: [&str; 5] = ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"];

pub(super) fn check(part: &Value, ids: &Ids) -> Checked<()> {
    nested(part, ids, &mut 0)
}

fn nested(part: &Value, ids: &Ids, parts: &mut usize) -> Checked<()> {
    *parts += 1;
    if *parts > PARTS {
        return Err(format!("expected at most {PARTS} parts"));
    }
    let kind = part.get("type").and_then(Value::as_str).unwrap_or("none");
    if !KINDS.contains(&kind) {
        return Err(format!("expected a type of {}, found {kind:?}", KINDS.join(", ")));
    }
    for name in ["sep", "cls"] {
        if let Some((token, id)) = part.get(name).and_then(|pair| pair.get(0)?.as_str().zip(pair.get(1)?.as_u64())) {
            short(name, token, TOKEN_BYTES)?;
            ids.check(token, id)?;
        }
    }
    if let Some(single) = part.get("single") {
        template(single, part, "A").map_err(|problem| format!("single: {problem}"))?;
        special_tokens(part, ids)?;
    }
    if let Some(pair) = part.get("pair") {
        template(pair, part, "AB").map_err(|problem| format!("pair: {problem}"))?;
    }
    list(part.get("processors")).iter().try_for_each(|part| nested(part, ids, parts))
}

/// Checks a template in which each of `texts` stands once.
fn template(template: &Value, part: &Value, texts: &str) -> Checked<()> {
    let pieces = list(Some(template));
    if pieces.len() > PARTS {
        return Err(format!("{} parts, expected at most {PARTS}", pieces.len()));
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

fn special_tokens(part: &Value, ids: &Ids) -> Checked<()> {
    for (name, token) in part.get("special_tokens").and_then(Value::as_object).into_iter().flatten() {
        let (numbers, words) = (list(token.get("ids")), list(token.get("tokens")));
        if numbers.len() != words.len() || numbers.len() > PARTS {
            return Err(format!(
                "special token {name:?}: {} ids and {} tokens, expected as many, at most {PARTS}",
                numbers.len(),
                words.len()
            ));
        }
        for (id, word) in numbers.iter().zip(words) {
            let word = word.as_str().unwrap_or_default();
            short("a special token", word, TOKEN_BYTES)?;
            ids.check(word, id.as_u64().unwrap_or_default())?;
        }
    }
    Ok(())
}
