use std::fmt;

/// How the values of a tensor are stored.
///
/// The quantised types store blocks of 32 or 256 values with common scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, non_camel_case_types)]
pub enum TensorType {
    F32,
    F16,
    BF16,
    F64,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
}

/// Type, its number in the format, its values in a block, and the bytes of a block.
const TYPES: [(TensorType, u32, usize, usize); 14] = [
    (TensorType::F32, 0, 1, 4),
    (TensorType::F16, 1, 1, 2),
    (TensorType::Q4_0, 2, 32, 18),
    (TensorType::Q4_1, 3, 32, 20),
    (TensorType::Q5_0, 6, 32, 22),
    (TensorType::Q5_1, 7, 32, 24),
    (TensorType::Q8_0, 8, 32, 34),
    (TensorType::Q2_K, 10, 256, 84),
    (TensorType::Q3_K, 11, 256, 110),
    (TensorType::Q4_K, 12, 256, 144),
    (TensorType::Q5_K, 13, 256, 176),
    (TensorType::Q6_K, 14, 256, 210),
    (TensorType::F64, 28, 1, 8),
    (TensorType::BF16, 30, 1, 2),
];

/// Types of llama.cpp that are not supported: their number and name.
const OTHERS: [(u32, &str); 20] = [
    (9, "Q8_1"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
    (40, "NVFP4"),
    (41, "Q1_0"),
];

impl TensorType {
    /// The type with this number in the format.
    ///
    /// # Errors
    /// The type is unknown or not supported. The message names it.
    pub(crate) fn from_id(id: u32) -> Result<Self, String> {
        if let Some((kind, ..)) = TYPES.iter().find(|(_, known, ..)| *known == id) {
            return Ok(*kind);
        }
        let name = OTHERS.iter().find(|(other, _)| *other == id).map(|(_, name)| (*name).to_owned());
        let name = name.unwrap_or_else(|| format!("number {id}"));
        let known: Vec<String> = TYPES.iter().map(|(kind, ..)| kind.to_string()).collect();
        Err(format!(
            "has the type {name}, which is not supported; use a file with the types {}, such as Q4_K_M or Q8_0",
            known.join(", ")
        ))
    }

    /// The number of the type in the format.
    pub(crate) fn id(self) -> u32 {
        TYPES.iter().find(|(kind, ..)| *kind == self).map_or(u32::MAX, |(_, id, ..)| *id)
    }

    /// Number of values in a block.
    #[must_use]
    pub fn block_size(self) -> usize {
        TYPES.iter().find(|(kind, ..)| *kind == self).map_or(1, |(_, _, size, _)| *size)
    }

    /// Number of bytes of a block.
    #[must_use]
    pub fn block_bytes(self) -> usize {
        TYPES.iter().find(|(kind, ..)| *kind == self).map_or(1, |(.., bytes)| *bytes)
    }

    /// Whether each value is stored on its own, as a floating-point number.
    #[must_use]
    pub fn is_float(self) -> bool {
        self.block_size() == 1
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
