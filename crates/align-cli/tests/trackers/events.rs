//! The values of a folder of event files, as TensorBoard takes them.

use crate::plain_reader::{Field, read};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The values by tag: those of a scalar as the bits of its float, of a histogram its message, of a text its tensor.
pub type Values = BTreeMap<String, BTreeMap<u64, Vec<Vec<u8>>>>;

/// The event files of a folder, in the order of their names.
pub fn event_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The values of all files. A later session discards those of earlier ones from its first step on.
pub fn values(folder: &Path) -> Values {
    let mut all = Values::new();
    for file in event_files(folder) {
        for event in read(&file) {
            let step = event.varint(2);
            if event.message(7).is_some_and(|session| session.varint(1) == 1) {
                all.values_mut().for_each(|points| drop(points.split_off(&step)));
            }
            for value in event.message(5).iter().flat_map(|summary| summary.messages(1)) {
                let content = [2, 5, 8].iter().find_map(|number| value.all(*number).next().cloned()).unwrap();
                let bytes = match content {
                    Field::Fixed32(bits) => bits.to_le_bytes().to_vec(),
                    Field::Bytes(bytes) => bytes,
                    other => panic!("{other:?}"),
                };
                all.entry(value.text(1)).or_default().entry(step).or_default().push(bytes);
            }
        }
    }
    all
}

/// The number of a scalar.
pub fn scalar(bytes: &[u8]) -> f32 {
    f32::from_le_bytes(bytes.try_into().unwrap())
}
