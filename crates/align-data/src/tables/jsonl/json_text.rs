//! Copies lists and objects as text.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Appends the JSON text of a value to a buffer while it is parsed. A tree of values would take many times the memory.
/// Fields keep their order, and spaces between tokens are left out.
pub(super) struct JsonText<'a>(pub &'a mut String);

impl JsonText<'_> {
    fn push<E: Error>(self, value: impl serde::Serialize) -> Result<(), E> {
        self.0.push_str(&serde_json::to_string(&value).map_err(E::custom)?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for JsonText<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonText<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.push(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.push(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.push(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.push(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.push(value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.push(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.push('[');
        while items.next_element_seed(JsonText(self.0))?.is_some() {
            self.0.push(',');
        }
        end(self.0, ']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        self.0.push('{');
        while fields.next_key_seed(JsonText(self.0))?.is_some() {
            self.0.push(':');
            fields.next_value_seed(JsonText(self.0))?;
            self.0.push(',');
        }
        end(self.0, '}');
        Ok(())
    }
}

/// Ends a list or object, in place of the comma after its last item.
fn end(text: &mut String, bracket: char) {
    if text.ends_with(',') {
        text.pop();
    }
    text.push(bracket);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_are_copied_in_their_order() {
        let copy = |json: &str| {
            let mut text = String::new();
            JsonText(&mut text).deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap();
            text
        };
        for json in [
            "[]",
            "{}",
            r#"[[],{},[[1]],","]"#,
            r#"{"z":[{"role":"user","content":"a \"b\"\n,"}],"a":null,"b":[true,-1,18446744073709551615,0.1]}"#,
        ] {
            assert_eq!(copy(json), json);
        }
        assert_eq!(copy("{ \"b\" : 1e2,\n \"a\": \"\\u00e9\" }"), "{\"b\":100.0,\"a\":\"é\"}");
    }
}
