//! The fields of a decoder's `config.json` that describe its classification head, as transformers reads and writes them.

use crate::score::{Labels, ProblemType};
use crate::{Error, Result};
use serde_json::{Map, Value, json};

/// Number of outputs if the config does not say, as in transformers.
const DEFAULT_NUM_LABELS: i64 = 2;
/// Largest number of outputs.
const MAX_NUM_LABELS: i64 = 1 << 20;

/// The classes of sequence classifiers in transformers.
const CLASSES: [(&str, &str); 7] = [
    ("gpt2", "GPT2ForSequenceClassification"),
    ("llama", "LlamaForSequenceClassification"),
    ("mistral", "MistralForSequenceClassification"),
    ("qwen2", "Qwen2ForSequenceClassification"),
    ("qwen3", "Qwen3ForSequenceClassification"),
    ("gemma2", "Gemma2ForSequenceClassification"),
    ("gemma3_text", "Gemma3TextForSequenceClassification"),
];

/// The labels in a config: those of `id2label`, or `LABEL_0` and so on, `num_labels` of them.
pub(crate) fn labels_of_config(config: &Value) -> Result<Labels> {
    let problem_type = ProblemType::of_config(config.get("problem_type"))?;
    let names = match config.get("id2label").and_then(Value::as_object) {
        Some(labels) => named_labels(labels)?,
        None => {
            let num_labels = config.get("num_labels").filter(|number| !number.is_null());
            let count = num_labels.map_or(Some(DEFAULT_NUM_LABELS), Value::as_i64);
            let count = count.filter(|count| (1..=MAX_NUM_LABELS).contains(count)).ok_or_else(|| {
                let found = num_labels.unwrap_or(&Value::Null);
                Error::Score(format!("the config's num_labels is {found}, expected 1 to {MAX_NUM_LABELS}"))
            })?;
            default_names(count)
        }
    };
    Labels::new(names, problem_type)
}

/// The names of outputs without names.
pub(super) fn default_names(count: i64) -> Vec<String> {
    (0..count).map(|label| format!("LABEL_{label}")).collect()
}

fn named_labels(labels: &Map<String, Value>) -> Result<Vec<String>> {
    let name = |label: usize| {
        labels.get(&label.to_string()).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| {
            Error::Score(format!(
                "the config's id2label has {} labels, but none with the number {label} and a name",
                labels.len()
            ))
        })
    };
    (0..labels.len()).map(name).collect()
}

/// The config of a decoder with the fields of its classification head.
pub(super) fn with_labels(mut config: Value, labels: &Labels, pad_token_id: Option<i64>) -> Value {
    let model_type = config.get("model_type").and_then(Value::as_str).unwrap_or_default();
    let class = CLASSES.iter().find(|(known, _)| *known == model_type).map(|(_, class)| *class);
    let numbered = || labels.names().iter().enumerate();
    let id2label: Map<String, Value> = numbered().map(|(label, name)| (label.to_string(), json!(name))).collect();
    let label2id: Map<String, Value> = numbered().map(|(label, name)| (name.clone(), json!(label))).collect();
    if let Some(fields) = config.as_object_mut() {
        fields.remove("num_labels");
        fields.insert("id2label".into(), id2label.into());
        fields.insert("label2id".into(), label2id.into());
        fields.insert("pad_token_id".into(), json!(pad_token_id));
        if let Some(class) = class {
            fields.insert("architectures".into(), json!([class]));
        }
    }
    config
}

/// Why the folder of a model with this config has no classifier: the class that it names.
pub(crate) fn other_class(config: &Value) -> Option<&str> {
    let classes = config.get("architectures").and_then(Value::as_array)?;
    let is_classifier =
        |class: &Value| class.as_str().is_some_and(|class| class.ends_with("ForSequenceClassification"));
    if classes.iter().any(is_classifier) { None } else { classes.first().and_then(Value::as_str) }
}
