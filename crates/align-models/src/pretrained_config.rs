//! Reading and writing `config.json` and similar files.

use crate::{Error, Result, bounded_json, gguf, json_field};
use align_gguf::GgufFile;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io::ErrorKind;
use std::path::Path;
use tch::Kind;

/// Size limit of a config file in bytes. Usual ones have a few thousand.
const MAX_CONFIG_BYTES: u64 = 2 << 20;

const EXISTS: &str = "exists already: choose another folder or allow it to be overwritten";

#[derive(Deserialize)]
struct ConfigHeader {
    model_type: Option<String>,
    quantization_config: Option<Quantization>,
}

#[derive(Deserialize)]
struct Quantization {
    quant_method: Option<String>,
}

/// Reads the text of a config file.
pub(crate) fn read_small_file(path: &Path) -> Result<String> {
    let fail = |reason: String| Error::Config { path: path.to_owned(), reason };
    let metadata = std::fs::metadata(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
    if !metadata.is_file() {
        return Err(fail("is not a regular file".into()));
    }
    let bytes = metadata.len();
    if bytes > MAX_CONFIG_BYTES {
        return Err(fail(format!("has {bytes} bytes, expected at most {MAX_CONFIG_BYTES}")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| fail(format!("cannot be read: {e}")))?;
    // Some editors write a byte-order mark.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The `model_type` of a `config.json`.
pub(crate) fn model_type(path: &Path) -> Result<String> {
    let described = bounded_json::parse::<ConfigHeader>(config_text(path)?.as_bytes());
    let fail = |reason: String| Error::Config { path: path.to_owned(), reason };
    let found = described.map_err(|e| fail(format!("is not a config: {e}")))?.model_type;
    found.ok_or_else(|| fail("has no model_type: the architecture is not known".into()))
}

/// The text of a `config.json`. A GGUF file in place of its folder has one too, made of its metadata.
fn config_text(path: &Path) -> Result<String> {
    if let Some(file) = path.parent().filter(|parent| GgufFile::is_gguf(parent)) {
        return gguf::config_text(file);
    }
    let fail = |reason: String| Error::Config { path: path.to_owned(), reason };
    if !path.exists() && path.with_file_name("adapter_config.json").exists() {
        return Err(fail(
            "does not exist, but adapter_config.json does: the folder holds only an adapter. Give the base model's folder, or merge the \
             two with align merge-adapter"
                .into(),
        ));
    }
    if !path.exists() {
        return Err(fail("there is no such file: expected the folder of a model in transformers' layout".into()));
    }
    read_small_file(path)
}

/// Adds a `vocab_size` to the fields of a config that has none.
pub(crate) fn with_any_vocab_size(mut fields: serde_json::Value, vocab_size: i64) -> serde_json::Value {
    if let Some(fields) = fields.as_object_mut() {
        fields.entry("vocab_size").or_insert(vocab_size.into());
    }
    fields
}

/// Reads a `config.json` and checks that it describes a `model_type`.
pub(crate) fn read_config<C: DeserializeOwned>(path: &Path, model_type: &str) -> Result<C> {
    read_checked(path, Some(model_type))
}

/// Reads a `config.json` of any `model_type`.
pub(crate) fn read_json_config(path: &Path) -> Result<serde_json::Value> {
    read_checked(path, None)
}

fn read_checked<C: DeserializeOwned>(path: &Path, model_type: Option<&str>) -> Result<C> {
    let fail = |reason: String| Error::Config { path: path.to_owned(), reason };
    let text = config_text(path)?;
    let ConfigHeader { model_type: found, quantization_config } =
        bounded_json::parse(text.as_bytes()).map_err(|e| fail(format!("is not a config: {e}")))?;
    match (found.as_deref(), model_type) {
        (Some(_), None) => {}
        (Some(found), Some(expected)) if found == expected => {}
        (Some(found), Some(expected)) => {
            return Err(fail(format!("model_type is \"{found}\", expected \"{expected}\"")));
        }
        (None, Some(expected)) => return Err(fail(format!("has no model_type, expected \"{expected}\""))),
        (None, None) => return Err(fail("has no model_type: the architecture is not known".into())),
    }
    if let Some(Quantization { quant_method }) = quantization_config {
        let method = quant_method.unwrap_or_else(|| "an unnamed method".to_owned());
        return Err(fail(format!(
            "quantization_config: the weights are quantised ({method}), which is not supported: use the unquantised weights of the model, \
             or save it dequantised with transformers (model.dequantize())"
        )));
    }
    json_field::deserialize(&mut serde_json::Deserializer::from_str(&text)).map_err(fail)
}

/// Writes `DIR/config.json` atomically, with the dtype of the weights.
pub(crate) fn write_config(dir: &Path, config: &impl Serialize, kind: Kind, overwrite: bool) -> Result<()> {
    let path = dir.join("config.json");
    let fail = |reason: String| Error::Config { path: path.clone(), reason };
    let mut json = serde_json::to_value(config).map_err(|e| fail(e.to_string()))?;
    if let Some(map) = json.as_object_mut() {
        // Older files have torch_dtype. transformers reads both, so only one may be written.
        map.remove("torch_dtype");
        map.insert(
            "dtype".into(),
            dtype_name(kind).ok_or_else(|| fail(format!("{kind:?} weights cannot be saved")))?.into(),
        );
    }
    write_json(dir, "config.json", &json, overwrite)
}

/// Removes an existing config file, which is written again after the files that it belongs to. Without `overwrite` an existing file is
/// an error.
pub(crate) fn remove_existing(dir: &Path, name: &str, overwrite: bool) -> Result<()> {
    let path = dir.join(name);
    let fail = |reason: String| Error::Config { path: path.clone(), reason };
    if !overwrite {
        return align_base::files::check_file_destination(&path, false).map_err(|_| fail(EXISTS.into()));
    }
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(fail(format!("cannot be replaced: {e}"))),
        _ => Ok(()),
    }
}

/// Writes a JSON file atomically.
pub(crate) fn write_json(dir: &Path, name: &str, json: &serde_json::Value, overwrite: bool) -> Result<()> {
    let path = dir.join(name);
    let fail = |reason: String| Error::Config { path: path.clone(), reason };
    let text = serde_json::to_string_pretty(json).map_err(|e| fail(e.to_string()))?;
    align_base::files::write_file(&path, overwrite, |file| writeln!(file, "{text}")).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => fail(EXISTS.into()),
        _ => fail(format!("cannot be written: {e}")),
    })
}

/// The name of a weight dtype in transformers.
#[must_use]
pub fn dtype_name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Float => Some("float32"),
        Kind::BFloat16 => Some("bfloat16"),
        Kind::Half => Some("float16"),
        Kind::Double => Some("float64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_config_file_has_the_permissions_of_an_ordinary_file() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        write_json(dir.path(), "config.json", &serde_json::json!({}), false).unwrap();
        std::fs::write(dir.path().join("ordinary"), "").unwrap();
        let mode = |name| std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("config.json"), mode("ordinary"));
        let problem = write_json(dir.path(), "config.json", &serde_json::json!({}), false).unwrap_err().to_string();
        assert!(problem.contains("exists already"), "{problem}");
    }
}
