use tch::Kind;

/// A tensor of a checkpoint: what it is called and what it looks like. Its data is still in the file.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) shape: Vec<i64>,
    pub(super) location: DataLocation,
}

/// Where a tensor's data is. Every format comes down to this: a storage of little-endian elements at a known offset in a
/// file, and a view of it that has been checked to stay inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DataLocation {
    /// Which of the checkpoint's files.
    pub file: usize,
    /// The storage's first byte in the file.
    pub start: u64,
    /// Elements in the storage.
    pub numel: u64,
    /// The storage's CRC-32, where the format keeps one.
    pub crc: Option<u32>,
    /// The view's first element in the storage.
    pub offset: u64,
    /// The view's strides in elements; `None` when it is contiguous.
    pub strides: Option<Vec<i64>>,
}

impl Entry {
    /// The name under which it is stored.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The dtype in which it is stored.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its shape.
    #[must_use]
    pub fn shape(&self) -> &[i64] {
        &self.shape
    }

    /// Bytes of its elements.
    pub(super) fn bytes(&self) -> u64 {
        numel(&self.shape).unwrap_or(u64::MAX).saturating_mul(self.kind.elt_size_in_bytes() as u64)
    }

    pub(super) fn is_float(&self) -> bool {
        matches!(self.kind, Kind::Half | Kind::BFloat16 | Kind::Float | Kind::Double)
    }
}

/// Elements of a tensor of that shape; `None` if the product overflows or a size is negative.
pub(super) fn numel(shape: &[i64]) -> Option<u64> {
    shape.iter().try_fold(1_u64, |product, &size| product.checked_mul(u64::try_from(size).ok()?))
}
