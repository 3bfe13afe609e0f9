//! Parsing JSON with a memory limit: small texts such as `[[0],[0],…]` can expand to values many times their size.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Memory limit in bytes for the values of a text: a constant plus a multiple of the text's length. `0,` is two bytes of text and 32
/// bytes of memory.
const BASE_LIMIT: usize = 64 << 10;
const LIMIT_PER_TEXT_BYTE: usize = 4;
/// Bytes of a value, and of a tree node with up to six fields of an object.
const VALUE: usize = 32;
const NODE: usize = 640;
const FIELDS_PER_NODE: usize = 6;

/// Parses `text`, unless its values would take much more memory than those of ordinary model files.
pub(crate) fn parse<T: for<'de> Deserialize<'de>>(text: &[u8]) -> serde_json::Result<T> {
    check(text)?;
    serde_json::from_slice(text)
}

/// Fails if the values of `text` would take much more memory than those of ordinary model files.
pub(crate) fn check(text: &[u8]) -> serde_json::Result<()> {
    let ValueMemory(bytes) = serde_json::from_slice(text)?;
    let most = BASE_LIMIT + LIMIT_PER_TEXT_BYTE * text.len();
    if bytes > most {
        let problem = format!("its {} bytes hold values of {bytes} bytes, at most {most} are read", text.len());
        return Err(serde_json::Error::custom(problem));
    }
    Ok(())
}

/// Bytes that a value takes in addition to its own 32.
struct ValueMemory(usize);

impl<'de> Deserialize<'de> for ValueMemory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Counter)
    }
}

struct Counter;

impl<'de> Visitor<'de> for Counter {
    type Value = ValueMemory;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<ValueMemory, E> {
        Ok(ValueMemory(0))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<ValueMemory, E> {
        Ok(ValueMemory(0))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<ValueMemory, E> {
        Ok(ValueMemory(0))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<ValueMemory, E> {
        Ok(ValueMemory(0))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<ValueMemory, E> {
        Ok(ValueMemory(0))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ValueMemory, E> {
        Ok(ValueMemory(text.len()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ValueMemory, A::Error> {
        let (mut count, mut bytes) = (0_usize, 0);
        while let Some(ValueMemory(inside)) = items.next_element()? {
            (count, bytes) = (count + 1, bytes + inside);
        }
        // The capacity of a list doubles, starting with four.
        let capacity = if count == 0 { 0 } else { count.next_power_of_two().max(4) };
        Ok(ValueMemory(bytes + capacity * VALUE))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<ValueMemory, A::Error> {
        let (mut count, mut bytes) = (0_usize, 0);
        while let Some((name, ValueMemory(inside))) = fields.next_entry::<Cow<'de, str>, _>()? {
            (count, bytes) = (count + 1, bytes + name.len() + inside);
        }
        Ok(ValueMemory(bytes + count.div_ceil(FIELDS_PER_NODE) * NODE))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::Value;

    #[test]
    fn token_id_lists_are_parsed_and_nested_lists_are_rejected() {
        for (count, id) in [(700, 7), (5_000, 50_256), (50_000, 50_256)] {
            let list = vec![id.to_string(); count];
            // The format that transformers writes.
            let text = format!("{{\n  \"suppress_tokens\": [\n    {}\n  ]\n}}", list.join(",\n    "));
            assert!(parse::<Value>(text.as_bytes()).is_ok(), "{count} ids");
        }
        assert!(parse::<Value>(format!("[{}]", vec!["1"; 700].join(",")).as_bytes()).is_ok());
        for text in [format!("[{}]", vec!["[0]"; 10_000].join(",")), format!("[{}]", vec!["{\"\":0}"; 1_000].join(","))]
        {
            let problem = parse::<Value>(text.as_bytes()).unwrap_err().to_string();
            assert!(problem.contains("are read"), "{problem}");
        }
    }
}
