use crate::TensorType;

/// Name, shape and type of a tensor in a file, and where its data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    pub(crate) name: String,
    /// The sizes in the order of the format: the first one is that of a row, whose values are next to each other.
    pub(crate) dimensions: Vec<u64>,
    pub(crate) kind: TensorType,
    /// The position of the first byte, relative to the start of the data. A writer computes it.
    pub(crate) offset: u64,
}

impl TensorInfo {
    /// Describes a tensor to write. The shape has the order of LibTorch and numpy: the last size is that of a row.
    #[must_use]
    pub fn new(name: impl Into<String>, shape: &[u64], kind: TensorType) -> Self {
        Self { name: name.into(), dimensions: shape.iter().rev().copied().collect(), kind, offset: 0 }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape in the order of LibTorch and numpy: the last size is that of a row. (A GGUF file has the opposite order.)
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        self.dimensions.iter().rev().copied().collect()
    }

    /// The type.
    #[must_use]
    pub fn kind(&self) -> TensorType {
        self.kind
    }

    /// Number of values.
    #[must_use]
    pub fn numel(&self) -> u64 {
        self.dimensions.iter().product()
    }

    /// Number of bytes of the data.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.numel() / self.kind.block_size() as u64 * self.kind.block_bytes() as u64
    }

    /// Checks that the sizes can be multiplied and that a row consists of whole blocks.
    pub(crate) fn check(&self) -> Result<(), String> {
        let bytes = self.dimensions.iter().try_fold(1_u64, |product, size| product.checked_mul(*size));
        if bytes.and_then(|numel| numel.checked_mul(self.kind.block_bytes() as u64)).is_none() {
            return Err(format!("has an impossible shape {:?}", self.shape()));
        }
        let (row, block) = (self.dimensions.first().copied().unwrap_or(1), self.kind.block_size() as u64);
        if !row.is_multiple_of(block) {
            return Err(format!(
                "has rows of {row} values, but {} stores blocks of {block}: the rows must be a multiple of it",
                self.kind
            ));
        }
        Ok(())
    }
}
