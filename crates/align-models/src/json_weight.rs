//! JSON whose values would take many times the memory of their text.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Bytes that the values of any file may take, and bytes more for each byte of text: `0,` is two bytes of text and 32 of memory.
const BYTES: usize = 64 << 10;
const BYTES_A_BYTE: usize = 4;
/// Bytes of a value, and of the node that holds a few fields of an object.
const VALUE: usize = 32;
const NODE: usize = 640;
const FIELDS_A_NODE: usize = 6;

/// Parses `text`, unless its values would take far more memory than those of a model's files do.
pub(crate) fn parse<T: for<'de> Deserialize<'de>>(text: &[u8]) -> serde_json::Result<T> {
    check(text)?;
    serde_json::from_slice(text)
}

/// Refuses a text whose values would take far more memory than those of a model's files do.
pub(crate) fn check(text: &[u8]) -> serde_json::Result<()> {
    let Weight(bytes) = serde_json::from_slice(text)?;
    let most = BYTES + BYTES_A_BYTE * text.len();
    if bytes > most {
        let problem = format!("its {} bytes hold values of {bytes} bytes, at most {most} are read", text.len());
        return Err(serde_json::Error::custom(problem));
    }
    Ok(())
}

/// Bytes that a value takes beside the 32 of its own place.
struct Weight(usize);

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Counter)
    }
}

struct Counter;

impl<'de> Visitor<'de> for Counter {
    type Value = Weight;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Weight, E> {
        Ok(Weight(0))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Weight, E> {
        Ok(Weight(0))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Weight, E> {
        Ok(Weight(0))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Weight, E> {
        Ok(Weight(0))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Weight, E> {
        Ok(Weight(0))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Weight, E> {
        Ok(Weight(text.len()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Weight, A::Error> {
        let (mut count, mut bytes) = (0_usize, 0);
        while let Some(Weight(inside)) = items.next_element()? {
            (count, bytes) = (count + 1, bytes + inside);
        }
        // A list grows by doubling, from four places on.
        let places = if count == 0 { 0 } else { count.next_power_of_two().max(4) };
        Ok(Weight(bytes + places * VALUE))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Weight, A::Error> {
        let (mut count, mut bytes) = (0_usize, 0);
        while let Some((name, Weight(inside))) = fields.next_entry::<Cow<'de, str>, _>()? {
            (count, bytes) = (count + 1, bytes + name.len() + inside);
        }
        Ok(Weight(bytes + count.div_ceil(FIELDS_A_NODE) * NODE))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::Value;

    #[test]
    fn lists_of_token_ids_are_read_and_nests_of_nothing_are_not() {
        for (count, id) in [(700, 7), (5_000, 50_256), (50_000, 50_256)] {
            let list = vec![id.to_string(); count];
            // As transformers writes it.
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
