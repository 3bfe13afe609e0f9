use crate::checkpoint::{Layout, TensorSpec};
use crate::layers::Activation;
use crate::score::{Labels, ProblemType};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Hyper-parameters of DistilBERT, with the names in `config.json` of transformers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DistilBertConfig {
    /// Number of token ids.
    pub vocab_size: i64,
    /// Longest sequence, in tokens.
    pub max_position_embeddings: i64,
    /// Width of the hidden states.
    pub dim: i64,
    /// Number of blocks.
    pub n_layers: i64,
    /// Attention heads per block.
    pub n_heads: i64,
    /// Width of the feed-forward layer.
    pub hidden_dim: i64,
    /// Non-linearity of the feed-forward layer.
    #[serde(default = "default_activation")]
    pub activation: Activation,
    /// Dropout on embeddings and feed-forward outputs.
    #[serde(default = "default_dropout")]
    pub dropout: f64,
    /// Dropout on the attention probabilities.
    #[serde(default = "default_dropout")]
    pub attention_dropout: f64,
    /// Dropout before the classifier.
    #[serde(default = "default_classifier_dropout")]
    pub seq_classif_dropout: f64,
    /// The padding id.
    #[serde(default)]
    pub pad_token_id: Option<i64>,
    /// The name of each class by its number, as a string; two classes if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id2label: Option<BTreeMap<String, String>>,
    /// Number of classes, if the file does not name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub num_labels: Option<i64>,
    /// Other fields of the file, kept for saving.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

fn default_activation() -> Activation {
    Activation::Gelu
}

fn default_dropout() -> f64 {
    0.1
}

fn default_classifier_dropout() -> f64 {
    0.2
}

/// The largest vocabulary of a config.
const MAX_VOCAB_SIZE: i64 = 1 << 24;

impl Default for DistilBertConfig {
    /// DistilBERT base with two classes, as `DistilBertConfig()` of transformers.
    fn default() -> Self {
        Self {
            vocab_size: 30_522,
            max_position_embeddings: 512,
            dim: 768,
            n_layers: 6,
            n_heads: 12,
            hidden_dim: 3072,
            activation: default_activation(),
            dropout: default_dropout(),
            attention_dropout: default_dropout(),
            seq_classif_dropout: default_classifier_dropout(),
            pad_token_id: Some(0),
            id2label: None,
            num_labels: None,
            extra: BTreeMap::new(),
        }
    }
}

impl DistilBertConfig {
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
    /// The errors of [`DistilBertConfig::from_pretrained`].
    pub fn from_file(path: &Path) -> Result<Self> {
        let config: Self = crate::pretrained_config::read_config(path, "distilbert")?;
        config.validate().map_err(|reason| Error::Config { path: path.to_owned(), reason })?;
        Ok(config)
    }

    /// Like [`DistilBertConfig::from_file`], for a new model with a vocabulary of this size. The file need not have one.
    ///
    /// # Errors
    /// The errors of [`DistilBertConfig::from_pretrained`].
    pub fn for_new_model(path: &Path, vocab_size: i64) -> Result<Self> {
        let fail = |reason: String| Error::Config { path: path.to_owned(), reason };
        let fields = crate::pretrained_config::read_config(path, "distilbert")?;
        let fields = crate::pretrained_config::with_any_vocab_size(fields, MAX_VOCAB_SIZE);
        let config: Self = crate::json_field::deserialize(fields).map_err(fail)?;
        config.validate().map_err(fail)?;
        Ok(Self { vocab_size, ..config })
    }

    pub(super) fn validate(&self) -> std::result::Result<(), String> {
        // The bounds keep every product of two sizes far below i64's range.
        let sizes = [
            ("vocab_size", self.vocab_size, MAX_VOCAB_SIZE),
            ("max_position_embeddings", self.max_position_embeddings, 1 << 24),
            ("dim", self.dim, 1 << 18),
            ("n_layers", self.n_layers, 1 << 12),
            ("n_heads", self.n_heads, 1 << 12),
            ("hidden_dim", self.hidden_dim, 1 << 20),
            ("num_labels", self.num_labels(), 1 << 20),
        ];
        for (field, value, most) in sizes {
            if !(1..=most).contains(&value) {
                return Err(format!("{field} is {value}, expected 1 to {most}"));
            }
        }
        if let Some(labels) = &self.id2label
            && let Some(missing) = (0..labels.len()).find(|class| !labels.contains_key(&class.to_string()))
        {
            let numbers = labels.keys().map(String::as_str).take(20).collect::<Vec<_>>().join(", ");
            return Err(format!(
                "id2label has {} labels with the numbers {numbers}, but none with the number {missing}",
                labels.len()
            ));
        }
        if self.dim % self.n_heads != 0 {
            return Err(format!("dim {} is not a multiple of n_heads {}", self.dim, self.n_heads));
        }
        let shares = [
            ("dropout", self.dropout),
            ("attention_dropout", self.attention_dropout),
            ("seq_classif_dropout", self.seq_classif_dropout),
        ];
        for (field, p) in shares {
            if !(0.0..1.0).contains(&p) {
                return Err(format!("{field} is {p}, expected at least 0 and below 1"));
            }
        }
        Ok(())
    }

    /// Number of classes.
    #[must_use]
    pub fn num_labels(&self) -> i64 {
        let named = self.id2label.as_ref().map(|labels| labels.len() as i64);
        named.or(self.num_labels).unwrap_or(2)
    }

    /// Gives the classifier this number of outputs, without names.
    pub(super) fn set_num_labels(&mut self, num_labels: i64) {
        let names = |number: i64| (number.to_string(), format!("LABEL_{number}"));
        self.id2label = Some((0..num_labels).map(names).collect());
        let numbers: BTreeMap<String, i64> =
            (0..num_labels).map(|number| (format!("LABEL_{number}"), number)).collect();
        self.extra.insert("label2id".into(), serde_json::json!(numbers));
        self.num_labels = None;
        self.extra.insert("architectures".into(), vec!["DistilBertForSequenceClassification"].into());
    }

    /// The name of a class, or `LABEL_i` if it has none, as in transformers.
    #[must_use]
    pub fn label(&self, class: i64) -> String {
        let named = self.id2label.as_ref().and_then(|labels| labels.get(&class.to_string()));
        named.cloned().unwrap_or_else(|| format!("LABEL_{class}"))
    }

    /// The labels of the outputs, and the `problem_type`.
    ///
    /// # Errors
    /// A `problem_type` that transformers does not have.
    pub fn labels(&self) -> Result<Labels> {
        let problem_type = ProblemType::of_config(self.extra.get("problem_type"))?;
        Labels::new((0..self.num_labels()).map(|class| self.label(class)).collect(), problem_type)
    }

    /// Whether the position embeddings are computed if a checkpoint does not contain them.
    #[must_use]
    pub fn sinusoidal_pos_embds(&self) -> bool {
        self.extra.get("sinusoidal_pos_embds").and_then(serde_json::Value::as_bool).unwrap_or(false)
    }

    /// Names and shapes of the tensors in a checkpoint.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let (d, inner) = (self.dim, self.hidden_dim);
        let mut tensors = Vec::new();
        let mut add = |name: String, shape: &[i64]| tensors.push(TensorSpec { name, shape: shape.to_vec() });
        let embeddings = |name: &str| format!("distilbert.embeddings.{name}");
        add(embeddings("word_embeddings.weight"), &[self.vocab_size, d]);
        add(POSITIONS.to_owned(), &[self.max_position_embeddings, d]);
        add(embeddings("LayerNorm.weight"), &[d]);
        add(embeddings("LayerNorm.bias"), &[d]);
        for layer in 0..self.n_layers {
            let mut add =
                |name: &str, shape: &[i64]| add(format!("distilbert.transformer.layer.{layer}.{name}"), shape);
            for linear in ["q_lin", "k_lin", "v_lin", "out_lin"] {
                add(&format!("attention.{linear}.weight"), &[d, d]);
                add(&format!("attention.{linear}.bias"), &[d]);
            }
            add("sa_layer_norm.weight", &[d]);
            add("sa_layer_norm.bias", &[d]);
            add("ffn.lin1.weight", &[inner, d]);
            add("ffn.lin1.bias", &[inner]);
            add("ffn.lin2.weight", &[d, inner]);
            add("ffn.lin2.bias", &[d]);
            add("output_layer_norm.weight", &[d]);
            add("output_layer_norm.bias", &[d]);
        }
        add("pre_classifier.weight".into(), &[d, d]);
        add("pre_classifier.bias".into(), &[d]);
        add("classifier.weight".into(), &[self.num_labels(), d]);
        add("classifier.bias".into(), &[self.num_labels()]);
        Layout { prefix: "distilbert.", tensors, tied: None, ignored: is_position_buffer, strict: false }
    }
}

/// The position embeddings.
pub(super) const POSITIONS: &str = "distilbert.embeddings.position_embeddings.weight";

/// Some versions of transformers stored the position numbers.
fn is_position_buffer(name: &str) -> bool {
    name.ends_with("embeddings.position_ids")
}
