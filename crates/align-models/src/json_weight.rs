//! JSON whose values would take many times the memory of their text.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Values of any file, and bytes that each further one needs: `0,` is two bytes of text and sixty of memory.
const VALUES: usize = 250;
const BYTES_A_VALUE: usize = 16;

/// Parses `text`, unless it holds far more values than a file of a model does.
pub(crate) fn parse<T: for<'de> Deserialize<'de>>(text: &[u8]) -> serde_json::Result<T> {
    let Values(values) = serde_json::from_slice(text)?;
    let most = VALUES + text.len() / BYTES_A_VALUE;
    if values > most {
        let problem = format!("it holds {values} values in {} bytes, at most {most} are read", text.len());
        return Err(serde_json::Error::custom(problem));
    }
    serde_json::from_slice(text)
}

/// How many values there are, those inside others included.
struct Values(usize);

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Counter)
    }
}

struct Counter;

impl<'de> Visitor<'de> for Counter {
    type Value = Values;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Values, E> {
        Ok(Values(1))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Values, E> {
        Ok(Values(1))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Values, E> {
        Ok(Values(1))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Values, E> {
        Ok(Values(1))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Values, E> {
        Ok(Values(1))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Values, E> {
        Ok(Values(1))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Values, A::Error> {
        let mut count = 1;
        while let Some(Values(inside)) = items.next_element()? {
            count += inside;
        }
        Ok(Values(count))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Values, A::Error> {
        let mut count = 1;
        while let Some((_, Values(inside))) = fields.next_entry::<serde::de::IgnoredAny, _>()? {
            count += inside;
        }
        Ok(Values(count))
    }
}
