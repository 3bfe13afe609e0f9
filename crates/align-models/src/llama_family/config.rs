use super::architecture::Architecture;
use super::fields::Fields;
use super::hyper_parameters::HyperParameters;
use super::{architectures, layout, validation};
use crate::checkpoint::Layout;
use crate::pretrained_config::{read_json_config, with_any_vocab_size};
use crate::random_weights::check_memory;
use crate::{Error, Result, json_field};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::path::Path;
use tch::{Device, Kind};

/// The largest vocabulary of a config.
const MAX_VOCAB_SIZE: i64 = 1 << 24;

/// The config of a decoder of the Llama family. Its `model_type` selects the architecture: `llama`, `mistral`, `qwen2`, `qwen3`, `gemma2` or
/// `gemma3_text`.
///
/// It holds the fields of `config.json` as they were read, in the form of transformers 4 or 5, and is saved in the same form.
///
/// ```
/// use align_models::LlamaFamilyConfig;
///
/// let config = LlamaFamilyConfig::from_json(serde_json::json!({
///     "model_type": "llama", "vocab_size": 100, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2,
///     "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64, "rope_theta": 10000.0
/// }))?;
/// assert_eq!(config.model_type(), "llama");
/// # Ok::<(), align_models::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LlamaFamilyConfig {
    /// All fields of the file.
    pub(super) json: Map<String, Value>,
    pub(super) hyper: HyperParameters,
    bos_token_id: Option<i64>,
    eos_token_ids: Vec<i64>,
}

impl PartialEq for LlamaFamilyConfig {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Serialize for LlamaFamilyConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl LlamaFamilyConfig {
    /// Reads and checks `DIR/config.json`.
    ///
    /// # Errors
    /// The file is missing or malformed, has another `model_type`, or asks for something that is not supported; the error names the field.
    pub fn from_pretrained(dir: &Path) -> Result<Self> {
        Self::from_file(&dir.join("config.json"))
    }

    /// Reads and checks a file in the format of `config.json`.
    ///
    /// # Errors
    /// The errors of [`LlamaFamilyConfig::from_pretrained`].
    pub fn from_file(path: &Path) -> Result<Self> {
        let json = read_json_config(path)?;
        Self::new(json).map_err(|reason| Error::Config { path: path.to_owned(), reason })
    }

    /// Checks the fields of a config.
    ///
    /// # Errors
    /// It is not an object, has another `model_type`, or asks for something that is not supported; the error names the field.
    pub fn from_json(json: Value) -> Result<Self> {
        Self::new(json).map_err(|reason| Error::Input(format!("the config: {reason}")))
    }

    /// Like [`LlamaFamilyConfig::from_file`], for a new model with a vocabulary of this size and these special tokens. The file need not
    /// have them.
    ///
    /// # Errors
    /// The errors of [`LlamaFamilyConfig::from_pretrained`].
    pub fn for_new_model(path: &Path, vocab_size: i64, [bos_token_id, eos_token_id]: [Option<i64>; 2]) -> Result<Self> {
        let mut json = with_any_vocab_size(read_json_config(path)?, MAX_VOCAB_SIZE);
        if let Some(fields) = json.as_object_mut() {
            fields.insert("bos_token_id".into(), bos_token_id.into());
            fields.insert("eos_token_id".into(), eos_token_id.into());
        }
        let mut config = Self::new(json).map_err(|reason| Error::Config { path: path.to_owned(), reason })?;
        config.set_vocab_size(vocab_size);
        Ok(config)
    }

    fn new(json: Value) -> std::result::Result<Self, String> {
        let Value::Object(json) = json else { return Err("is not an object".into()) };
        let model_type = json.get("model_type").and_then(Value::as_str).unwrap_or_default();
        let Some(architecture) = architectures::find(model_type) else {
            return Err(format!("model_type is \"{model_type}\"; {} was expected", architectures::known()));
        };
        validation::reject_unsupported(&json)?;
        let fields: Fields = json_field::deserialize(Value::Object(json.clone()))?;
        let tied = fields.tie_word_embeddings.unwrap_or(architecture.tied);
        let hyper = (architecture.hyper_parameters)(&fields, &json)?;
        // Gemma pads with 0 unless the config has another id, or null.
        let default = (hyper.gemma && !json.contains_key("pad_token_id")).then_some(0);
        let padding_idx = validation::padding_idx(fields.pad_token_id.or(default), hyper.vocab_size)?;
        let hyper = HyperParameters { tied, padding_idx, ..hyper };
        validation::check(&hyper)?;
        let eos_token_ids = fields.eos_token_id.unwrap_or_default();
        validation::check_ids(fields.bos_token_id, &eos_token_ids, hyper.vocab_size)?;
        Ok(Self { json, hyper, bos_token_id: fields.bos_token_id, eos_token_ids })
    }

    /// The `model_type`.
    #[must_use]
    pub fn model_type(&self) -> &str {
        self.json.get("model_type").and_then(Value::as_str).unwrap_or_default()
    }

    /// The fields of `config.json`.
    #[must_use]
    pub fn json(&self) -> &Map<String, Value> {
        &self.json
    }

    /// Number of token ids.
    #[must_use]
    pub fn vocab_size(&self) -> i64 {
        self.hyper.vocab_size
    }

    /// The beginning-of-sequence id.
    #[must_use]
    pub fn bos_token_id(&self) -> Option<i64> {
        self.bos_token_id
    }

    /// The end-of-sequence ids; may be empty.
    #[must_use]
    pub fn eos_token_ids(&self) -> &[i64] {
        &self.eos_token_ids
    }

    /// Names and shapes of the tensors in a checkpoint.
    #[must_use]
    pub fn layout(&self) -> Layout {
        layout::layout(&self.hyper)
    }

    /// Checks that the weights of a new model fit into the available memory of `device`. Passes if it is unknown.
    ///
    /// # Errors
    /// They do not fit; the error names the sizes.
    pub fn check_memory(&self, kind: Kind, device: Device) -> Result<()> {
        let sizes = [
            ("vocab_size", self.hyper.vocab_size),
            ("hidden_size", self.hyper.hidden_size),
            ("intermediate_size", self.hyper.intermediate_size),
            ("num_hidden_layers", self.hyper.windows.len() as i64),
        ];
        check_memory(&self.layout(), &sizes, kind, device)
    }

    pub(super) fn architecture(&self) -> Option<&'static Architecture> {
        architectures::find(self.model_type())
    }

    pub(super) fn set_vocab_size(&mut self, vocab_size: i64) {
        if self.hyper.vocab_size != vocab_size || !self.json.contains_key("vocab_size") {
            self.hyper.vocab_size = vocab_size;
            self.json.insert("vocab_size".into(), vocab_size.into());
        }
    }

    pub(super) fn untie(&mut self) {
        self.hyper.tied = false;
        self.json.insert("tie_word_embeddings".into(), false.into());
    }
}
