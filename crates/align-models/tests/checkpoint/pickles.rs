//! Builds valid and invalid pickles and `.bin` files.

use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A pickle of protocol 2 under construction. Values are written in the order of pickle's stack machine.
#[derive(Clone)]
pub struct Pickle(pub Vec<u8>);

impl Pickle {
    pub fn new() -> Self {
        Self(vec![0x80, 2])
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn text(self, text: &str) -> Self {
        let len = (text.len() as u32).to_le_bytes();
        self.raw(b"X").raw(&len).raw(text.as_bytes())
    }

    pub fn int(self, int: i64) -> Self {
        self.raw(&[0x8a, 8]).raw(&int.to_le_bytes())
    }

    pub fn global(self, module: &str, name: &str) -> Self {
        self.raw(format!("c{module}\n{name}\n").as_bytes())
    }

    pub fn ints(self, ints: &[i64]) -> Self {
        ints.iter().fold(self.raw(b"("), |pickle, int| pickle.int(*int)).raw(b"t")
    }

    /// A storage: `("storage", type, key, location, numel)` and in the older format a view.
    pub fn storage(self, storage: &Storage) -> Self {
        let pickle = self.raw(b"(").text("storage").global("torch", storage.class).text(storage.key);
        let pickle = pickle.text(storage.location).int(storage.numel);
        match storage.view {
            None => pickle.raw(b"tQ"),
            Some(View::None) => pickle.raw(b"NtQ"),
            Some(View::Part(first, numel)) => pickle.raw(b"(").text("view").int(first).int(numel).raw(b"ttQ"),
        }
    }

    pub fn tensor(self, storage: &Storage, offset: i64, shape: &[i64], strides: &[i64]) -> Self {
        let pickle = self.global("torch._utils", "_rebuild_tensor_v2").raw(b"(").storage(storage).int(offset);
        pickle.ints(shape).ints(strides).raw(b"\x89").global("collections", "OrderedDict").raw(b")RtR")
    }

    pub fn stop(self) -> Vec<u8> {
        self.raw(b".").0
    }
}

#[derive(Clone, Copy)]
pub enum View {
    None,
    Part(i64, i64),
}

#[derive(Clone, Copy)]
pub struct Storage {
    pub class: &'static str,
    pub key: &'static str,
    pub location: &'static str,
    pub numel: i64,
    pub view: Option<View>,
}

/// A storage of float32 as the zip format names it.
pub fn zip_floats(key: &'static str, numel: i64) -> Storage {
    Storage { class: "FloatStorage", key, location: "cpu", numel, view: None }
}

/// A storage of float32 as the older format names it.
pub fn legacy_floats(key: &'static str, numel: i64) -> Storage {
    Storage { view: Some(View::None), location: "cuda:0", ..zip_floats(key, numel) }
}

pub fn float_bytes(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

/// The pickles before the state dict in the older format.
pub fn legacy_preamble(little_endian: bool) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.".to_vec();
    let system = Pickle::new().raw(b"}").text("little_endian").raw(if little_endian { b"\x88s" } else { b"\x89s" });
    [magic, Pickle::new().int(1001).stop(), system.stop()].concat()
}

/// A file of the older format: the state dict's pickle, then per storage key, elements and bytes.
pub fn legacy_file(state_dict: Vec<u8>, storages: &[(&str, i64, Vec<u8>)]) -> Vec<u8> {
    let mut keys = Pickle::new().raw(b"](");
    for (key, ..) in storages {
        keys = keys.text(key);
    }
    let mut file = [legacy_preamble(true), state_dict, keys.raw(b"e").stop()].concat();
    for (_, numel, bytes) in storages {
        file.extend_from_slice(&numel.to_le_bytes());
        file.extend_from_slice(bytes);
    }
    file
}

/// A zip archive of these members.
pub fn zip_file(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A file as torch writes it since 1.6: the state dict's pickle and the storages by key.
pub fn torch_zip(state_dict: &[u8], storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut members = vec![("archive/data.pkl".to_owned(), state_dict), ("archive/byteorder".to_owned(), b"little")];
    members.extend(storages.iter().map(|(key, bytes)| (format!("archive/data/{key}"), bytes.as_slice())));
    let members: Vec<_> = members.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    zip_file(&members, CompressionMethod::Stored)
}
