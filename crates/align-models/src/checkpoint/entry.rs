use crate::gguf;
use tch::Kind;

/// The name, dtype and shape of a tensor in a checkpoint. Its data has not been read.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) shape: Vec<i64>,
    pub(super) location: DataLocation,
    /// How a GGUF file stores the tensor; `None` in other formats.
    pub(super) gguf: Option<gguf::Stored>,
}

/// The location of a tensor's data, in any format: a storage of little-endian elements in a file, and a view that is inside the storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DataLocation {
    /// The index of the file in the checkpoint.
    pub file: usize,
    /// The offset of the storage in the file, in bytes.
    pub start: u64,
    /// Number of elements in the storage.
    pub numel: u64,
    /// The CRC-32 of the storage, if the format contains it.
    pub crc: Option<u32>,
    /// The first element of the view in the storage.
    pub offset: u64,
    /// The strides of the view in elements; `None` if it is contiguous.
    pub strides: Option<Vec<i64>>,
}

impl Entry {
    /// The stored name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stored dtype.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> &[i64] {
        &self.shape
    }

    /// Size of its stored data in bytes.
    pub(super) fn bytes(&self) -> u64 {
        if let Some(stored) = &self.gguf {
            return stored.bytes();
        }
        numel(&self.shape).unwrap_or(u64::MAX).saturating_mul(self.kind.elt_size_in_bytes() as u64)
    }

    pub(super) fn is_float(&self) -> bool {
        matches!(self.kind, Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double)
    }
}

/// Number of elements of a tensor of this shape; `None` if the product overflows or a size is negative.
pub(super) fn numel(shape: &[i64]) -> Option<u64> {
    shape.iter().try_fold(1_u64, |product, &size| product.checked_mul(u64::try_from(size).ok()?))
}
