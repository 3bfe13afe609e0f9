//! Serde support for fields that transformers writes as a single value or as a list.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMany<One, Many> {
    One(One),
    Many(Many),
}

pub(crate) fn serialize<T: Serialize, S: Serializer>(all: &Option<Vec<T>>, serializer: S) -> Result<S::Ok, S::Error> {
    let written = all.as_ref().map(|all| match all.as_slice() {
        [one] => OneOrMany::One(one),
        many => OneOrMany::Many(many),
    });
    written.serialize(serializer)
}

pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::<OneOrMany<T, Vec<T>>>::deserialize(deserializer)?.map(|all| match all {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    }))
}
