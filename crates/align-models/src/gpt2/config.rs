use crate::checkpoint::{Layout, TensorSpec};
use crate::layers::Activation;
use crate::random_weights::check_memory;
use crate::{Error, Result, json_field};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind};

/// Hyper-parameters of GPT-2, with the names in `config.json` of transformers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gpt2Config {
    /// Number of token ids.
    pub vocab_size: i64,
    /// Longest sequence, in tokens.
    pub n_positions: i64,
    /// Width of the hidden states.
    pub n_embd: i64,
    /// Number of blocks.
    pub n_layer: i64,
    /// Attention heads per block.
    pub n_head: i64,
    /// Width of the feed-forward layer; `4 · n_embd` if null.
    #[serde(default)]
    pub n_inner: Option<i64>,
    /// Non-linearity of the feed-forward layer.
    #[serde(default = "default_activation")]
    pub activation_function: Activation,
    /// Dropout on the outputs of attention and of the feed-forward layer.
    #[serde(default = "default_dropout")]
    pub resid_pdrop: f64,
    /// Dropout on the embeddings.
    #[serde(default = "default_dropout")]
    pub embd_pdrop: f64,
    /// Dropout on the attention probabilities.
    #[serde(default = "default_dropout")]
    pub attn_pdrop: f64,
    /// Epsilon of layer normalisation.
    #[serde(default = "default_eps")]
    pub layer_norm_epsilon: f64,
    /// Whether attention scores are divided by `√head_dim`.
    #[serde(default = "default_true")]
    pub scale_attn_weights: bool,
    /// Whether attention scores are also divided by the index of the block plus one.
    #[serde(default)]
    pub scale_attn_by_inverse_layer_idx: bool,
    /// Whether the output projection is tied to the token embedding.
    #[serde(default = "default_true")]
    pub tie_word_embeddings: bool,
    /// Whether linear layers and norms have biases; nanoGPT models may have none.
    #[serde(default = "default_true", skip_serializing_if = "is_true")]
    pub bias: bool,
    /// Whether blocks have cross-attention, which is not supported.
    #[serde(default)]
    pub add_cross_attention: bool,
    /// The beginning-of-sequence id.
    #[serde(default)]
    pub bos_token_id: Option<i64>,
    /// The end-of-sequence ids, one or several.
    #[serde(default, with = "crate::one_or_many")]
    pub eos_token_id: Option<Vec<i64>>,
    /// Other fields of the file, kept for saving.
    #[serde(flatten)]
    pub extra: BTreeMap<String, Value>,
}

fn default_activation() -> Activation {
    Activation::GeluNew
}

fn default_dropout() -> f64 {
    0.1
}

fn default_eps() -> f64 {
    1e-5
}

fn default_true() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}

/// The largest vocabulary of a config.
const MAX_VOCAB_SIZE: i64 = 1 << 24;

/// Fields of GPT-2 variants with muP scaling, which is not supported unless they are 1 or false.
const MUP_FIELDS: [&str; 8] = [
    "embeddings_scale",
    "mup_embeddings_scale",
    "mup_output_alpha",
    "mup_scale_qk_dot_by_d",
    "mup_width_scale",
    "output_logits_scale",
    "scale_qk_dot_by_d",
    "width_scale",
];

impl Default for Gpt2Config {
    /// GPT-2 small, as `GPT2Config()` of transformers.
    fn default() -> Self {
        Self {
            vocab_size: 50_257,
            n_positions: 1024,
            n_embd: 768,
            n_layer: 12,
            n_head: 12,
            n_inner: None,
            activation_function: default_activation(),
            resid_pdrop: default_dropout(),
            embd_pdrop: default_dropout(),
            attn_pdrop: default_dropout(),
            layer_norm_epsilon: default_eps(),
            scale_attn_weights: true,
            scale_attn_by_inverse_layer_idx: false,
            tie_word_embeddings: true,
            bias: true,
            add_cross_attention: false,
            bos_token_id: Some(50_256),
            eos_token_id: Some(vec![50_256]),
            extra: BTreeMap::new(),
        }
    }
}

impl Gpt2Config {
    /// Reads and checks `DIR/config.json`.
    ///
    /// # Errors
    /// The file is missing or malformed, or has another `model_type` or invalid values; the error names the field.
    pub fn from_pretrained(dir: &Path) -> Result<Self> {
        Self::from_file(&dir.join("config.json"))
    }

    /// Reads and checks a file in the format of `config.json`.
    ///
    /// # Errors
    /// The errors of [`Gpt2Config::from_pretrained`].
    pub fn from_file(path: &Path) -> Result<Self> {
        Self::from_fields(path, crate::pretrained_config::read_config(path, "gpt2")?)
    }

    /// Like [`Gpt2Config::from_file`], for a new model with a vocabulary of this size. The file need not have one.
    ///
    /// # Errors
    /// The errors of [`Gpt2Config::from_pretrained`].
    pub fn for_new_model(path: &Path, vocab_size: i64) -> Result<Self> {
        let fields = crate::pretrained_config::read_config(path, "gpt2")?;
        let fields = crate::pretrained_config::with_any_vocab_size(fields, MAX_VOCAB_SIZE);
        Ok(Self { vocab_size, ..Self::from_fields(path, fields)? })
    }

    fn from_fields(path: &Path, mut fields: Value) -> Result<Self> {
        if let Some(fields) = fields.as_object_mut()
            && let Some(n_ctx) = fields.get("n_ctx").cloned()
        {
            // Files on the hub have both names; very old ones have only `n_ctx`, with the same meaning.
            fields.entry("n_positions").or_insert(n_ctx);
        }
        let fail = |reason: String| Error::Config { path: path.to_owned(), reason };
        let config: Self = json_field::deserialize(fields).map_err(fail)?;
        config.validate().map_err(fail)?;
        Ok(config)
    }

    pub(super) fn validate(&self) -> std::result::Result<(), String> {
        // The bounds keep every product of two sizes far below i64's range.
        let sizes = [
            ("vocab_size", self.vocab_size, MAX_VOCAB_SIZE),
            ("n_positions", self.n_positions, 1 << 24),
            ("n_embd", self.n_embd, 1 << 18),
            ("n_layer", self.n_layer, 1 << 12),
            ("n_head", self.n_head, 1 << 12),
            ("n_inner", self.n_inner(), 1 << 20),
        ];
        for (field, value, max) in sizes {
            if !(1..=max).contains(&value) {
                return Err(format!("{field} is {value}, expected 1 to {max}"));
            }
        }
        if self.n_embd % self.n_head != 0 {
            return Err(format!("n_embd {} is not a multiple of n_head {}", self.n_embd, self.n_head));
        }
        for (field, p) in
            [("resid_pdrop", self.resid_pdrop), ("embd_pdrop", self.embd_pdrop), ("attn_pdrop", self.attn_pdrop)]
        {
            if !(0.0..1.0).contains(&p) {
                return Err(format!("{field} is {p}, expected at least 0 and below 1"));
            }
        }
        if !(self.layer_norm_epsilon > 0.0 && self.layer_norm_epsilon.is_finite()) {
            return Err(format!("layer_norm_epsilon is {}, expected a positive number", self.layer_norm_epsilon));
        }
        let ends = self.eos_token_id.iter().flatten().map(|id| ("eos_token_id", *id));
        for (field, id) in self.bos_token_id.map(|id| ("bos_token_id", id)).into_iter().chain(ends) {
            if !(0..self.vocab_size).contains(&id) {
                return Err(format!("{field} is {id}, outside the vocabulary of {} ids", self.vocab_size));
            }
        }
        self.validate_extra()?;
        if self.add_cross_attention {
            return Err("add_cross_attention is true: cross-attention is not supported".into());
        }
        Ok(())
    }

    /// Fails if other fields have values that would change the outputs but are not supported.
    fn validate_extra(&self) -> std::result::Result<(), String> {
        let neutral = |value: &Value| value.is_null() || value == &Value::Bool(false) || value.as_f64() == Some(1.0);
        if let Some((field, value)) =
            MUP_FIELDS.iter().find_map(|name| self.extra.get_key_value(*name).filter(|(_, value)| !neutral(value)))
        {
            return Err(format!("{field} is {value}: muP scaling is not supported"));
        }
        match self.extra.get("position_embedding_type").map(|kind| kind.as_str().unwrap_or_default()) {
            None | Some("learned" | "absolute") => Ok(()),
            Some(kind) => Err(format!(
                "position_embedding_type is \"{kind}\": only learned positions (\"absolute\") are supported"
            )),
        }
    }

    /// Checks that the weights of a new model fit into the available memory of `device`. Passes if it is unknown.
    ///
    /// # Errors
    /// They do not fit; the error names the sizes.
    pub fn check_memory(&self, kind: Kind, device: Device) -> Result<()> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("n_positions", self.n_positions),
            ("n_embd", self.n_embd),
            ("n_inner", self.n_inner()),
            ("n_layer", self.n_layer),
        ];
        check_memory(&self.layout(), &sizes, kind, device)
    }

    /// Width of the feed-forward layer.
    #[must_use]
    pub fn n_inner(&self) -> i64 {
        self.n_inner.unwrap_or(4 * self.n_embd)
    }

    /// Names and shapes of the tensors in a checkpoint.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let (d, inner) = (self.n_embd, self.n_inner());
        let mut tensors = Vec::new();
        let mut add = |name: String, shape: &[i64]| {
            if self.bias || !name.ends_with(".bias") {
                tensors.push(TensorSpec { name, shape: shape.to_vec() });
            }
        };
        add("transformer.wte.weight".into(), &[self.vocab_size, d]);
        add("transformer.wpe.weight".into(), &[self.n_positions, d]);
        for layer in 0..self.n_layer {
            let mut add = |name: &str, shape: &[i64]| add(format!("transformer.h.{layer}.{name}"), shape);
            add("ln_1.weight", &[d]);
            add("ln_1.bias", &[d]);
            add("attn.c_attn.weight", &[d, 3 * d]);
            add("attn.c_attn.bias", &[3 * d]);
            add("attn.c_proj.weight", &[d, d]);
            add("attn.c_proj.bias", &[d]);
            add("ln_2.weight", &[d]);
            add("ln_2.bias", &[d]);
            add("mlp.c_fc.weight", &[d, inner]);
            add("mlp.c_fc.bias", &[inner]);
            add("mlp.c_proj.weight", &[inner, d]);
            add("mlp.c_proj.bias", &[d]);
        }
        add("transformer.ln_f.weight".into(), &[d]);
        add("transformer.ln_f.bias".into(), &[d]);
        let head = "lm_head.weight".to_owned();
        let tied = if self.tie_word_embeddings {
            Some((head, "transformer.wte.weight".to_owned()))
        } else {
            add(head, &[self.vocab_size, d]);
            None
        };
        Layout { prefix: "transformer.", tensors, tied, ignored: is_mask_buffer, strict: false }
    }
}

/// Old checkpoints contain the causal mask of each block (`h.0.attn.bias`) and its fill value.
fn is_mask_buffer(name: &str) -> bool {
    name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn positions(fields: &str) -> Result<i64> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let sizes = r#""model_type": "gpt2", "vocab_size": 50, "n_embd": 8, "n_layer": 1, "n_head": 2"#;
        std::fs::write(file.path(), format!("{{{sizes}{fields}}}")).unwrap();
        Gpt2Config::from_file(file.path()).map(|config| config.n_positions)
    }

    /// The GPT-2 files on the hub have both fields.
    #[test]
    fn n_ctx_is_accepted_with_and_without_n_positions() {
        assert_eq!(positions(r#", "n_ctx": 64, "n_positions": 64"#).unwrap(), 64);
        assert_eq!(positions(r#", "n_ctx": 32, "n_positions": 64"#).unwrap(), 64, "as transformers");
        assert_eq!(positions(r#", "n_ctx": 32"#).unwrap(), 32);
        assert!(positions("").unwrap_err().to_string().contains("n_positions"));
    }
}
