//! Options of `GenerationConfig` in transformers that this crate does not support.

use serde_json::{Map, Value, json};

/// Options that do not affect the outputs: how transformers computes, where a file is from, and options of an assistant model, which a
/// config file cannot set up.
const WITHOUT_EFFECT: [&str; 22] = [
    "_commit_hash",
    "_from_model_config",
    "assistant_confidence_threshold",
    "assistant_ensemble_weight",
    "assistant_lookbehind",
    "cache_config",
    "compile_config",
    "continuous_batching_config",
    "decoder_start_token_id",
    "disable_compile",
    "generation_kwargs",
    "low_memory",
    "max_cache_len",
    "max_matching_ngram_size",
    "num_assistant_tokens",
    "num_assistant_tokens_schedule",
    "prefill_chunk_size",
    "return_dict_in_generate",
    "target_lookbehind",
    "transformers_version",
    "transformers.js_config",
    "use_cache",
];

/// Options that affect the outputs, with their neutral values and a remedy.
fn unsupported() -> Vec<(&'static str, Vec<Value>, &'static str)> {
    let unset = "unset it";
    let off = || vec![json!(false)];
    let encoder = "it belongs to encoder-decoder models";
    let caches = ["dynamic", "dynamic_full", "static", "hybrid", "offloaded", "offloaded_static", "offloaded_hybrid"];
    vec![
        ("assistant_early_exit", vec![], unset),
        ("cache_implementation", caches.map(Value::from).to_vec(), "the cache always has full precision"),
        ("constraints", vec![], unset),
        ("diversity_penalty", vec![json!(0.0)], unset),
        ("dola_layers", vec![], unset),
        ("encoder_no_repeat_ngram_size", vec![json!(0.0)], encoder),
        ("encoder_repetition_penalty", vec![json!(1.0)], encoder),
        ("force_words_ids", vec![], unset),
        ("forced_bos_token_id", vec![], "it belongs to encoder-decoder models: append the token to the prompt"),
        ("forced_decoder_ids", vec![], encoder),
        ("guidance_scale", vec![json!(1.0)], unset),
        ("is_assistant", off(), unset),
        ("max_time", vec![], "use Generation::with_stopping_criterion"),
        ("num_beam_groups", vec![json!(1.0)], unset),
        ("output_attentions", off(), unset),
        ("output_hidden_states", off(), unset),
        ("output_logits", off(), unset),
        ("penalty_alpha", vec![json!(0.0)], unset),
        ("prompt_lookup_num_tokens", vec![], unset),
        ("speculation_type", vec![], unset),
        ("token_healing", off(), unset),
        ("top_h", vec![], unset),
        ("use_mtp", off(), unset),
        ("watermarking_config", vec![], unset),
    ]
}

/// Removes options that this crate does not have and that have no effect. Returns the names that transformers does not have either.
/// `options` must not contain nulls.
///
/// # Errors
/// An unsupported option of transformers that would have an effect.
pub(super) fn reject_unsupported(options: &mut Map<String, Value>) -> Result<Vec<String>, String> {
    options.retain(|name, _| !WITHOUT_EFFECT.contains(&name.as_str()));
    for (name, defaults, remedy) in unsupported() {
        let Some(value) = options.remove(name) else { continue };
        // Files contain 0 and 0.0.
        let value = value.as_f64().map_or(value, Value::from);
        if !defaults.contains(&value) {
            return Err(format!("`{name}` is set ({}), which is not supported: {remedy}", shown(&value)));
        }
    }
    let supported = |name: &str| {
        let probe = Map::from_iter([(name.to_owned(), Value::Null)]);
        serde_json::from_value::<super::GenerationConfig>(Value::Object(probe)).is_ok()
    };
    let unknown: Vec<String> = options.keys().filter(|name| !supported(name)).cloned().collect();
    options.retain(|name, _| !unknown.contains(name));
    // transformers has no such option: the caller sets the seed.
    options.remove("seed");
    Ok(unknown)
}

/// A value in an error message.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        other => other.to_string(),
    }
}
