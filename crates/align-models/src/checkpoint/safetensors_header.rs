//! Parses the JSON header of a safetensors file. It is not compared with the rest of the file here.

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Maximum number of dimensions of a tensor.
const DIMENSIONS: usize = 16;

/// A tensor in the header.
#[derive(Debug)]
pub(super) struct HeaderEntry {
    pub name: String,
    pub info: Info,
}

#[derive(Debug, Deserialize)]
pub(super) struct Info {
    pub dtype: String,
    pub shape: Shape,
    /// The begin and end of its data, relative to the end of the header.
    pub data_offsets: (u64, u64),
}

#[derive(Debug)]
pub(super) struct Shape(pub Vec<i64>);

/// Parses the tensors, in the order of the header.
pub(super) fn parse(header: &[u8]) -> serde_json::Result<Vec<HeaderEntry>> {
    let Tensors(described) = serde_json::from_slice(header)?;
    Ok(described)
}

/// The metadata that this crate writes. Other fields are ignored.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct FileMetadata {
    /// For an adapter, the digest of its base model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_model_digest: Option<String>,
    /// The program that wrote the file; `pt` for PyTorch, which transformers expects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// Parses the metadata; empty if it has another form, since the format leaves it to the writer.
pub(super) fn metadata(header: &[u8]) -> FileMetadata {
    #[derive(Deserialize)]
    struct Header {
        #[serde(rename = "__metadata__", default)]
        metadata: FileMetadata,
    }
    serde_json::from_slice::<Header>(header).map(|header| header.metadata).unwrap_or_default()
}

struct Tensors(Vec<HeaderEntry>);

impl<'de> Deserialize<'de> for Tensors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Header;
        impl<'de> Visitor<'de> for Header {
            type Value = Tensors;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut tensors: A) -> Result<Tensors, A::Error> {
                let mut described = Vec::new();
                while let Some(name) = tensors.next_key::<String>()? {
                    // Free-form metadata.
                    if name == "__metadata__" {
                        tensors.next_value::<IgnoredAny>()?;
                    } else {
                        described.push(HeaderEntry { name, info: tensors.next_value()? });
                    }
                }
                Ok(Tensors(described))
            }
        }
        deserializer.deserialize_map(Header)
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
