//! Options of `LoraConfig` in PEFT that this crate does not support.

use serde_json::{Map, Value};

/// Options that do not affect the outputs of an adapter, such as how it was trained and where it is from, or that are checked separately.
const WITHOUT_EFFECT: [&str; 14] = [
    "auto_mapping",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    "inference_mode",
    "init_lora_weights",
    "loftq_config",
    "lora_ga_config",
    "megatron_core",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "revision",
    "runtime_config",
];

/// The fields of [`LoraConfig`](crate::LoraConfig).
const SUPPORTED: [&str; 15] = [
    "alpha_pattern",
    "base_model_name_or_path",
    "bias",
    "exclude_modules",
    "fan_in_fan_out",
    "layers_pattern",
    "layers_to_transform",
    "lora_alpha",
    "lora_dropout",
    "modules_to_save",
    "r",
    "rank_pattern",
    "target_modules",
    "task_type",
    "use_rslora",
];

/// Initialisations that do not change the base weights. The others move a part of them into the adapter.
const SUPPORTED_INITIALISATIONS: [&str; 4] = ["eva", "gaussian", "mica", "orthogonal"];

/// Options that affect the outputs of an adapter, with the reason or a remedy.
const UNSUPPORTED: [(&str, &str); 13] = [
    ("alora_invocation_tokens", "adapters apply to all tokens"),
    ("arrow_config", "only a single adapter is supported"),
    ("kasa_config", "only ordinary LoRA is supported"),
    ("layer_replication", "apply it to the base model first"),
    ("lora_bias", "adapters have no biases"),
    ("megatron_config", "models are on a single device"),
    ("monteclora_config", "only ordinary LoRA is supported"),
    ("target_parameters", "only whole linear layers can have adapters"),
    ("trainable_token_indices", "embeddings can only be trained fully, with modules_to_save"),
    ("use_bdlora", "only ordinary LoRA is supported"),
    ("use_dora", "merge the adapter into its model with PEFT and load that"),
    ("use_qalora", "quantised base models are not supported"),
    ("velora_config", "only ordinary LoRA is supported"),
];

/// Fails if an unsupported option is set. `options` must not contain nulls.
pub(super) fn reject_unsupported(options: &Map<String, Value>) -> Result<(), String> {
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    if !text("peft_type").is_some_and(|kind| kind.eq_ignore_ascii_case("lora")) {
        return Err("`peft_type` is not \"LORA\": other adapters are not supported".into());
    }
    if options.contains_key("task_type") && !matches!(text("task_type"), Some("CAUSAL_LM" | "SEQ_CLS")) {
        return Err(
            "`task_type` is not \"CAUSAL_LM\" or \"SEQ_CLS\": the adapter belongs to a model with another head".into(),
        );
    }
    if options.get("ensure_weight_tying") == Some(&Value::Bool(true))
        && options.get("modules_to_save").is_some_and(|v| !is_unset(v))
    {
        return Err("`ensure_weight_tying` is set beside `modules_to_save`, which is not supported: merge the adapter into its \
                    model with PEFT and load that"
            .into());
    }
    match options.get("init_lora_weights") {
        None | Some(Value::Bool(_)) => {}
        Some(Value::String(name)) if SUPPORTED_INITIALISATIONS.contains(&name.as_str()) => {}
        Some(_) => {
            return Err(
                "`init_lora_weights` is an initialisation that changes the base weights: save the adapter with PEFT's \
                        path_initial_model_for_weight_conversion"
                    .into(),
            );
        }
    }
    for (name, _) in options.iter().filter(|(_, value)| !is_unset(value)) {
        if let Some((_, remedy)) = UNSUPPORTED.iter().find(|(refused, _)| refused == name) {
            return Err(format!("`{name}` is set, which is not supported: {remedy}"));
        }
        if !WITHOUT_EFFECT.contains(&name.as_str()) && !SUPPORTED.contains(&name.as_str()) {
            return Err(format!("`{name}` is set, but unknown: the outputs of the adapter may depend on it"));
        }
    }
    Ok(())
}

/// Whether a value means that an option is not set.
fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
