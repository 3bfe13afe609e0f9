//! The bytes of each token. A token may hold only a part of a character.

use super::{Tokenizer, tokenizer_error};
use crate::Result;
use serde_json::Value;

/// Text that is decoded before each token, because decoders treat the first token of a text differently.
const CONTEXT: &str = "abcdef";

/// How a tokeniser represents bytes that are not text.
#[derive(Clone, Copy, PartialEq)]
enum ByteEncoding {
    /// Each byte as a character (GPT-2).
    ByteLevel,
    /// Bytes that do not form a character as `<0x0A>`.
    ByteFallback,
    /// Not at all.
    None,
}

impl Tokenizer {
    /// The bytes of each token inside a text, by id from 0. Ids without a token have no bytes. Special tokens have the
    /// bytes of their names, as for stop strings in transformers.
    ///
    /// # Errors
    /// When the tokeniser cannot decode a token.
    pub fn token_bytes(&self) -> Result<Vec<Vec<u8>>> {
        let encoding = match self.inner.get_decoder().map(serde_json::to_value) {
            Some(Ok(decoder)) if has_type(&decoder, "ByteFallback") => ByteEncoding::ByteFallback,
            Some(Ok(decoder)) if has_type(&decoder, "ByteLevel") => ByteEncoding::ByteLevel,
            _ => ByteEncoding::None,
        };
        let context = self.inner.encode_fast(CONTEXT, false).map_err(tokenizer_error)?.get_ids().to_vec();
        let last = self.inner.get_vocab(true).into_values().max();
        let ids = 0..last.map_or(0, |last| last.saturating_add(1));
        ids.map(|id| self.bytes_of(id, encoding, &context)).collect()
    }

    fn bytes_of(&self, id: u32, encoding: ByteEncoding, context: &[u32]) -> Result<Vec<u8>> {
        let Some(token) = self.inner.id_to_token(id) else {
            return Ok(Vec::new());
        };
        let direct = match encoding {
            ByteEncoding::ByteLevel => token.chars().map(byte_of_char).collect(),
            ByteEncoding::ByteFallback => fallback_byte(&token).map(|byte| vec![byte]),
            ByteEncoding::None => None,
        };
        if let Some(bytes) = direct {
            return Ok(bytes);
        }
        let text = self.inner.decode(&[context, &[id]].concat(), false).map_err(tokenizer_error)?;
        let at = text.find(CONTEXT).map_or(0, |at| at + CONTEXT.len());
        Ok(text.get(at..).unwrap_or_default().as_bytes().to_vec())
    }
}

fn has_type(decoder: &Value, kind: &str) -> bool {
    match decoder {
        Value::Object(fields) => {
            fields.get("type").is_some_and(|found| found == kind) || fields.values().any(|field| has_type(field, kind))
        }
        Value::Array(items) => items.iter().any(|item| has_type(item, kind)),
        _ => false,
    }
}

/// The byte that GPT-2's vocabulary writes as this character. Printable Latin-1 characters stand for themselves; the
/// other 68 bytes are mapped in order to the characters from U+0100.
fn byte_of_char(character: char) -> Option<u8> {
    let itself = |byte: &u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let code = u32::from(character);
    match code.checked_sub(0x100) {
        None => u8::try_from(code).ok().filter(itself),
        Some(index) => (0..=0xff_u8).filter(|byte| !itself(byte)).nth(usize::try_from(index).ok()?),
    }
}

/// The byte of a fallback token such as `<0x0A>`.
fn fallback_byte(token: &str) -> Option<u8> {
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
        for (character, expected) in
            [('!', 0x21), ('~', 0x7e), ('Ā', 0), ('Ġ', 0x20), ('Ċ', 0x0a), ('ÿ', 0xff), ('Ń', 0xad)]
        {
            assert_eq!(byte_of_char(character), Some(expected), "{character}");
        }
        assert_eq!([byte_of_char(' '), byte_of_char('映'), byte_of_char('ń')], [None; 3]);
        let all: std::collections::BTreeSet<u8> =
            (0..0x200).filter_map(char::from_u32).filter_map(byte_of_char).collect();
        assert_eq!(all.len(), 256);
    }

    #[test]
    fn fallback_tokens_name_a_byte() {
        assert_eq!(fallback_byte("<0x0A>"), Some(10));
        assert_eq!(["<0x0A", "<0xGG>", "<0x+A>", "0x0A"].map(fallback_byte), [None; 4]);
    }
}
