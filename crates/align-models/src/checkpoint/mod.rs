//! Checkpoints in the format of transformers: `model.safetensors`, `pytorch_model.bin` in both formats of torch, and shards of either; and
//! GGUF files.
//!
//! Names and shapes are checked against the model's [`Layout`] before any data is read. A `.bin` file is read by an unpickler that
//! supports only tensors. A file cannot make the reader allocate more memory than its own size justifies.

mod bin;
mod bin_legacy;
mod bin_zip;
mod entry;
mod error;
mod gguf;
mod index;
mod layout;
mod mismatch;
mod pickle;
mod printable_name;
mod read;
mod safetensors;
mod safetensors_header;
mod save;
mod source;
mod state_dict;
mod zip_directory;

pub use entry::Entry;
pub use error::CheckpointError;
pub use layout::{Layout, TensorSpec};
pub use mismatch::Mismatch;
pub(crate) use safetensors_header::FileMetadata;
pub use save::save_safetensors;
pub(crate) use save::save_safetensors_with;

use align_gguf::GgufFile;
use error::{Result, io};
use printable_name::{printable_list, printable_name};
use source::Source;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// A function that lists the tensors in a file.
type Reader = fn(&Source, usize) -> Result<Vec<Entry>>;

/// The file names that transformers uses for weights, in order of preference: name, whether it is an index of shards, and the format.
const FILES: [(&str, bool, Reader); 4] = [
    ("model.safetensors", false, safetensors::entries),
    ("model.safetensors.index.json", true, safetensors::entries),
    ("pytorch_model.bin", false, bin::entries),
    ("pytorch_model.bin.index.json", true, bin::entries),
];

/// An open checkpoint. Names, dtypes and shapes have been read, but no data.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    sources: Vec<Source>,
    entries: Vec<Entry>,
    /// The file, if it is a GGUF file.
    gguf: Option<GgufFile>,
}

impl Checkpoint {
    /// Opens the weights in `dir`: the first of `model.safetensors`, `model.safetensors.index.json`, `pytorch_model.bin`,
    /// `pytorch_model.bin.index.json` that exists. `dir` may also be a GGUF file, whose tensors have the names that they have in
    /// transformers.
    ///
    /// # Errors
    /// The folder is missing or contains none of these files, or a file is damaged, unsafe, or has another format.
    pub fn open(dir: &Path) -> Result<Self> {
        if GgufFile::is_gguf(dir) {
            let (file, entries) = gguf::open(dir)?;
            tracing::debug!(path = %dir.display(), tensors = entries.len(), "opened a GGUF file");
            let sources = vec![Source::open(dir)?];
            return Ok(Self { path: dir.to_path_buf(), sources, entries, gguf: Some(file) });
        }
        if !dir.is_dir() {
            let reason = if dir.exists() { "is a file" } else { "there is no such folder" };
            return Err(CheckpointError::NotAFolder { path: dir.to_path_buf(), reason: reason.to_owned() });
        }
        for (name, sharded, entries_of) in FILES {
            let path = dir.join(name);
            // `exists` would ignore a broken link, which must be an error.
            if path.symlink_metadata().is_err() {
                continue;
            }
            let (sources, entries) = if sharded {
                index::open(&path, entries_of)?
            } else {
                let source = Source::open(&path)?;
                let entries = entries_of(&source, 0)?;
                (vec![source], entries)
            };
            tracing::debug!(path = %path.display(), tensors = entries.len(), "opened a checkpoint");
            return Ok(Self { path, sources, entries, gguf: None });
        }
        Err(no_weights(dir)?)
    }

    /// Opens a single safetensors file with any name, for example an optimiser state.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn open_safetensors(path: &Path) -> Result<Self> {
        let source = Source::open(path)?;
        let entries = safetensors::entries(&source, 0)?;
        Ok(Self { path: path.to_path_buf(), sources: vec![source], entries, gguf: None })
    }

    /// Opens a single file written by `torch.save`, with any name.
    ///
    /// # Errors
    /// The file is missing, damaged, or contains anything but tensors.
    pub fn open_bin(path: &Path) -> Result<Self> {
        let source = Source::open(path)?;
        let entries = bin::entries(&source, 0)?;
        Ok(Self { path: path.to_path_buf(), sources: vec![source], entries, gguf: None })
    }

    /// The opened file (or index).
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tensors, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The metadata of a safetensors file; empty for another file.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub(crate) fn metadata(&self) -> Result<FileMetadata> {
        match self.sources.first() {
            Some(source) if self.path.extension().is_some_and(|extension| extension == "safetensors") => {
                safetensors::metadata(source)
            }
            _ => Ok(FileMetadata::default()),
        }
    }

    /// Reads one tensor in its stored dtype, on the CPU.
    ///
    /// # Errors
    /// [`CheckpointError::NoTensor`]; the file is damaged or cannot be read any more.
    pub fn read(&self, name: &str) -> Result<Tensor> {
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.name() == name)
            .ok_or_else(|| CheckpointError::NoTensor { path: self.path.clone(), name: printable_name(name) })?;
        self.read_entry(entry, entry.kind(), Device::Cpu)
    }

    /// Reads the tensors of `layout`, in its order and with its names, converted to `kind` on `device`.
    ///
    /// Stored names may have the layout's prefix or not, in any unambiguous mixture. If the config ties two weights, one of them is
    /// sufficient. If both are stored with different values, the alias is the last tensor in the result. Then the weights must not be tied,
    /// as in transformers.
    ///
    /// # Errors
    /// [`CheckpointError::Mismatch`] lists all missing, unexpected, mismatched or ambiguous tensors, before any data is read; the file is
    /// damaged or cannot be read any more.
    pub fn load(&self, layout: &Layout, kind: Kind, device: Device) -> Result<Vec<(String, Tensor)>> {
        let matched = layout
            .matched(&self.entries)
            .map_err(|mismatch| CheckpointError::Mismatch { path: self.path.clone(), mismatch })?;
        if !matched.unmatched.is_empty() {
            let names: Vec<String> = matched.unmatched.iter().map(|name| (*name).to_owned()).collect();
            tracing::warn!(
                tensors = printable_list(&names, 20),
                path = %self.path.display(),
                "tensors of the checkpoint that do not belong to the model are ignored"
            );
        }
        self.reject_shared_storage(
            matched.tensors.iter().map(|(_, entry)| *entry).chain(matched.alias.map(|(_, e)| e)),
        )?;
        let mut tensors = Vec::with_capacity(matched.tensors.len() + 1);
        for (name, entry) in &matched.tensors {
            tensors.push(((*name).to_owned(), self.read_entry(entry, kind, device)?));
        }
        if let (Some((alias, entry)), Some((_, source))) = (matched.alias, &layout.tied) {
            let same_data = matched.tensors.iter().any(|(name, e)| name == source && e.location == entry.location);
            if !same_data {
                let tensor = self.read_entry(entry, kind, device)?;
                let tied = tensors.iter().find(|(name, _)| name == source);
                if !tied.map_or(Ok(false), |(_, tied)| tied.f_equal(&tensor))? {
                    tracing::warn!(
                        alias,
                        source = source.as_str(),
                        path = %self.path.display(),
                        "the config ties these weights, but the checkpoint holds both with different values: they are \
                         not tied (set tie_word_embeddings to false in config.json to avoid this warning)"
                    );
                    tensors.push((alias.to_owned(), tensor));
                }
            }
        }
        Ok(tensors)
    }

    /// Canonical names of the tensors of `layout` that the checkpoint does not contain.
    #[must_use]
    pub fn missing(&self, layout: &Layout) -> Vec<String> {
        layout.missing(&self.entries)
    }

    /// Fails if the tensors take much more memory than the size of the files. This is possible if many tensors are views of the same
    /// storage, because each is read into its own memory. A factor of two is allowed for tied embeddings.
    fn reject_shared_storage<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Result<()> {
        let bytes = entries.fold(0_u64, |sum, entry| sum.saturating_add(entry.bytes()));
        let held = self.sources.iter().fold(0_u64, |sum, source| sum.saturating_add(source.len));
        if bytes > held.saturating_mul(2) {
            let reason = format!(
                "describes {bytes} bytes of weights, but has only {held} bytes: its tensors share their storage, and each would be copied; save \
                 them again, each after .clone()"
            );
            return Err(error::malformed(&self.path, reason));
        }
        Ok(())
    }

    fn read_entry(&self, entry: &Entry, kind: Kind, device: Device) -> Result<Tensor> {
        if let (Some(file), Some(stored)) = (&self.gguf, &entry.gguf) {
            return stored.read(file, kind, device);
        }
        match self.sources.get(entry.location.file) {
            Some(source) => read::read(source, entry, kind, device),
            None => Err(CheckpointError::NoTensor { path: self.path.clone(), name: printable_name(entry.name()) }),
        }
    }
}

/// Opens the checkpoint in `dir` and reads the tensors of `layout`: [`Checkpoint::open`], then [`Checkpoint::load`].
///
/// # Errors
/// The errors of both functions.
pub fn load(dir: &Path, layout: &Layout, kind: Kind, device: Device) -> Result<Vec<(String, Tensor)>> {
    Checkpoint::open(dir)?.load(layout, kind, device)
}

/// The error for a folder without weights, which lists the files in it.
fn no_weights(dir: &Path) -> Result<CheckpointError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(io(dir))? {
        found.push(entry.map_err(io(dir))?.file_name().to_string_lossy().into_owned());
    }
    found.sort();
    let found = if found.is_empty() { "nothing".to_owned() } else { printable_list(&found, 20) };
    let looked_for = FILES.map(|(name, ..)| name).join(", ");
    Ok(CheckpointError::NoWeights { path: dir.to_path_buf(), looked_for, found })
}
