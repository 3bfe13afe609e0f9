//! The JSON header of a safetensors file, as it stands: nothing in it is compared with the file here.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Most dimensions of a tensor.
const DIMENSIONS: usize = 16;

/// What the header says of a tensor.
#[derive(Debug)]
pub(super) struct Described {
    pub name: String,
    pub info: Info,
}

#[derive(Debug, Deserialize)]
pub(super) struct Info {
    pub dtype: Dtype,
    pub shape: Shape,
    /// Its first byte behind the header, and the one after its last.
    pub data_offsets: (u64, u64),
}

/// A dtype's name; longer ones than the format has are cut.
#[derive(Debug)]
pub(super) struct Dtype(pub String);

#[derive(Debug)]
pub(super) struct Shape(pub Vec<i64>);

/// The tensors in the header's order.
pub(super) fn parse(header: &[u8]) -> serde_json::Result<Vec<Described>> {
    // Counted first: a list that grows would take several times the memory.
    let count = whole(header, Count)?;
    whole(header, Tensors { count })
}

fn whole<'de, S: DeserializeSeed<'de>>(header: &'de [u8], seed: S) -> serde_json::Result<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(header);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

struct Count;

struct Tensors {
    count: usize,
}

impl<'de> DeserializeSeed<'de> for Count {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Count {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut tensors: A) -> Result<usize, A::Error> {
        let mut count = 0;
        while tensors.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}

impl<'de> DeserializeSeed<'de> for Tensors {
    type Value = Vec<Described>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Described>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Tensors {
    type Value = Vec<Described>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut tensors: A) -> Result<Vec<Described>, A::Error> {
        let mut described = Vec::with_capacity(self.count);
        while let Some(name) = tensors.next_key::<String>()? {
            // Free text about the file, for people.
            if name == "__metadata__" {
                tensors.next_value::<IgnoredAny>()?;
            } else {
                described.push(Described { name, info: tensors.next_value()? });
            }
        }
        Ok(described)
    }
}

impl<'de> Deserialize<'de> for Dtype {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Dtype;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a dtype such as \"F32\"")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Dtype, E> {
                Ok(Dtype(name.chars().take(16).collect()))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sizes;
        impl<'de> Visitor<'de> for Sizes {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of sizes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
                let mut sizes = [0; DIMENSIONS];
                let mut count = 0;
                while let Some(size) = items.next_element::<u64>()? {
                    let slot = sizes.get_mut(count);
                    *slot.ok_or_else(|| A::Error::custom(format!("a shape of more than {DIMENSIONS} dimensions")))? =
                        i64::try_from(size).map_err(|_| A::Error::custom(format!("a size of {size}")))?;
                    count += 1;
                }
                Ok(Shape(sizes.iter().take(count).copied().collect()))
            }
        }
        deserializer.deserialize_seq(Sizes)
    }
}
