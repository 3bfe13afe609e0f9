//! What PEFT's `LoraConfig` has and this crate has not.

use serde_json::{Map, Value};

/// How an adapter came about or where it is from, and what is checked by itself: what it computes does not depend on these.
const WITHOUT_EFFECT: [&str; 15] = [
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
    "task_type",
];

/// [`LoraConfig`](crate::LoraConfig)'s fields.
const SUPPORTED: [&str; 14] = [
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
    "use_rslora",
];

/// Initialisations that leave the base weights alone. The others move a part of them into the adapter.
const SUPPORTED_INITIALISATIONS: [&str; 4] = ["eva", "gaussian", "mica", "orthogonal"];

/// Options that change what an adapter computes, and what to do about them.
const UNSUPPORTED: [(&str, &str); 13] = [
    ("alora_invocation_tokens", "the adapter is on for all tokens here"),
    ("arrow_config", "one adapter is read here"),
    ("kasa_config", "plain LoRA is read here"),
    ("layer_replication", "apply it to the base model first"),
    ("lora_bias", "the adapter has no biases here"),
    ("megatron_config", "the model is on one device here"),
    ("monteclora_config", "plain LoRA is read here"),
    ("target_parameters", "whole linear layers are adapted here"),
    ("trainable_token_indices", "only linear layers are trained here"),
    ("use_bdlora", "plain LoRA is read here"),
    ("use_dora", "merge the adapter into its model with PEFT and load that"),
    ("use_qalora", "the base model is not quantised here"),
    ("velora_config", "plain LoRA is read here"),
];

/// Refuses an option that is set and cannot be honoured; `options` holds no nulls.
pub(super) fn reject_unsupported(options: &Map<String, Value>) -> Result<(), String> {
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    if !text("peft_type").is_some_and(|kind| kind.eq_ignore_ascii_case("lora")) {
        return Err("`peft_type` is not \"LORA\": no other adapters are read".into());
    }
    if options.contains_key("task_type") && text("task_type") != Some("CAUSAL_LM") {
        return Err("`task_type` is not \"CAUSAL_LM\": the adapter belongs to a model with another head".into());
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
            return Err("`init_lora_weights` is one that changes the base weights too: save the adapter with PEFT's \
                        path_initial_model_for_weight_conversion"
                .into());
        }
    }
    for (name, _) in options.iter().filter(|(_, value)| !is_unset(value)) {
        if let Some((_, remedy)) = UNSUPPORTED.iter().find(|(refused, _)| refused == name) {
            return Err(format!("`{name}` is set, which is not supported: {remedy}"));
        }
        if !WITHOUT_EFFECT.contains(&name.as_str()) && !SUPPORTED.contains(&name.as_str()) {
            return Err(format!("`{name}` is set, and not known here: what the adapter computes may depend on it"));
        }
    }
    Ok(())
}

/// Whether a value asks for nothing.
fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}
