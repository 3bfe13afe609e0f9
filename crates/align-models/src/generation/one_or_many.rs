//! Serde for token ids that transformers writes as one number or as a list.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(i64),
    Many(Vec<i64>),
}

pub(super) fn serialize<S: Serializer>(ids: &Option<Vec<i64>>, serializer: S) -> Result<S::Ok, S::Error> {
    let written = ids.as_ref().map(|ids| match ids.as_slice() {
        [one] => OneOrMany::One(*one),
        many => OneOrMany::Many(many.to_vec()),
    });
    written.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<i64>>, D::Error> {
    Ok(Option::<OneOrMany>::deserialize(deserializer)?.map(|ids| match ids {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    }))
}
