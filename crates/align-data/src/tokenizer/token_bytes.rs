//! What each token adds to a text, in bytes: a token may hold a part of a character.

use super::{Tokenizer, refused};
use crate::Result;
use serde_json::Value;

/// In front of a token that is decoded, so that nothing is done to it as a text's first.
const BEFORE: &str = "abcdef";

/// How a tokeniser writes bytes into its tokens.
#[derive(Clone, Copy, PartialEq)]
enum Written {
    /// Each byte as a character of its own (GPT-2).
    ByteLevel,
    /// Bytes that are no character as `<0x0A>`.
    ByteFallback,
    /// Not at all.
    AsText,
}

impl Tokenizer {
    /// The bytes of each token, from id 0 on, as it stands inside a text; none where an id has no token. Special tokens
    /// have their names' bytes, as in transformers' stop strings.
    ///
    /// # Errors
    /// When the tokeniser refuses to decode a token.
    pub fn token_bytes(&self) -> Result<Vec<Vec<u8>>> {
        let written = match self.inner.get_decoder().map(serde_json::to_value) {
            Some(Ok(decoder)) if holds(&decoder, "ByteFallback") => Written::ByteFallback,
            Some(Ok(decoder)) if holds(&decoder, "ByteLevel") => Written::ByteLevel,
            _ => Written::AsText,
        };
        let before = self.inner.encode_fast(BEFORE, false).map_err(refused)?.get_ids().to_vec();
        let last = self.inner.get_vocab(true).into_values().max();
        let ids = 0..last.map_or(0, |last| last.saturating_add(1));
        ids.map(|id| self.bytes_of(id, written, &before)).collect()
    }

    fn bytes_of(&self, id: u32, written: Written, before: &[u32]) -> Result<Vec<u8>> {
        let Some(token) = self.inner.id_to_token(id) else {
            return Ok(Vec::new());
        };
        let direct = match written {
            Written::ByteLevel => token.chars().map(byte).collect(),
            Written::ByteFallback => fallback(&token).map(|byte| vec![byte]),
            Written::AsText => None,
        };
        if let Some(bytes) = direct {
            return Ok(bytes);
        }
        let text = self.inner.decode(&[before, &[id]].concat(), false).map_err(refused)?;
        let at = text.find(BEFORE).map_or(0, |at| at + BEFORE.len());
        Ok(text.get(at..).unwrap_or_default().as_bytes().to_vec())
    }
}

fn holds(decoder: &Value, kind: &str) -> bool {
    match decoder {
        Value::Object(fields) => {
            fields.get("type").is_some_and(|found| found == kind) || fields.values().any(|field| holds(field, kind))
        }
        Value::Array(items) => items.iter().any(|item| holds(item, kind)),
        _ => false,
    }
}

/// The byte that GPT-2's tokens write as this character: printable ones of Latin-1 as themselves, the other 68 in their
/// order from U+0100 on.
fn byte(written: char) -> Option<u8> {
    let itself = |byte: &u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let code = u32::from(written);
    match code.checked_sub(0x100) {
        None => u8::try_from(code).ok().filter(itself),
        Some(place) => (0..=0xff_u8).filter(|byte| !itself(byte)).nth(usize::try_from(place).ok()?),
    }
}

/// The byte of a token such as `<0x0A>`.
fn fallback(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    let hexadecimal = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hexadecimal.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stand_for_bytes() {
        // From transformers' bytes_to_unicode().
        for (written, expected) in
            [('!', 0x21), ('~', 0x7e), ('Ā', 0), ('Ġ', 0x20), ('Ċ', 0x0a), ('ÿ', 0xff), ('Ń', 0xad)]
        {
            assert_eq!(byte(written), Some(expected), "{written}");
        }
        assert_eq!([byte(' '), byte('映'), byte('ń')], [None; 3]);
        let all: std::collections::BTreeSet<u8> = (0..0x200).filter_map(char::from_u32).filter_map(byte).collect();
        assert_eq!(all.len(), 256);
    }

    #[test]
    fn fallback_tokens_name_a_byte() {
        assert_eq!(fallback("<0x0A>"), Some(10));
        assert_eq!(["<0x0A", "<0xGG>", "<0x+A>", "0x0A"].map(fallback), [None; 4]);
    }
}
