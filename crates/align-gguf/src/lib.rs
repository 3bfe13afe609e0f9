//! Reading and writing GGUF files: the format of llama.cpp, which holds a model, its tokeniser and its chat template in one file.
//!
//! * [`GgufFile`] reads the metadata and the descriptions of the tensors, and later the data of one tensor at a time.
//! * [`dequantize`] and [`quantize`] convert between the types of a file and `f32`.
//! * [`GgufWriter`] writes a file.
//!
//! Input is checked before it is used: every count, length and offset is compared with the size of the file before memory is allocated.
//!
//! ```
//! use align_gguf::{GgufFile, GgufWriter, Metadata, TensorInfo, TensorType, Value};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("model.gguf");
//! let metadata = Metadata::from_iter([("general.architecture".to_owned(), Value::from("llama"))]);
//! let tensor = TensorInfo::new("token_embd.weight", &[2, 32], TensorType::Q8_0);
//! let mut writer = GgufWriter::begin(std::fs::File::create(&path)?, metadata, vec![tensor])?;
//! writer.write(&[0.5; 64])?;
//! writer.finish()?;
//!
//! let file = GgufFile::open(&path)?;
//! assert_eq!(file.metadata().text("general.architecture")?, Some("llama"));
//! assert_eq!(file.tensors()[0].shape(), [2, 32]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod dequantize;
mod error;
mod file;
mod half_at;
mod header;
mod k_quants;
mod metadata;
mod quantize;
mod tensor;
mod tensor_type;
mod value;
mod writer;

pub use dequantize::dequantize;
pub use error::{GgufError, Result};
pub use file::GgufFile;
pub use metadata::Metadata;
pub use quantize::quantize;
pub use tensor::TensorInfo;
pub use tensor_type::TensorType;
pub use value::{Array, Value};
pub use writer::GgufWriter;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
