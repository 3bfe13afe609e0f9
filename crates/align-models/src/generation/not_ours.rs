//! What transformers' `GenerationConfig` has and this crate has not.

use serde_json::{Map, Value, json};

/// What says how transformers computes or where a file comes from, and changes no text of a model like these. An assistant's
/// options are read beside an assistant only, which no file names.
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

/// Options that change texts or ask for more than texts, with the values that ask for nothing, and what to do instead.
fn refused() -> Vec<(&'static str, Vec<Value>, &'static str)> {
    let none = "unset it";
    let off = || vec![json!(false)];
    let encoder = "it belongs to encoder-decoder models";
    let caches = ["dynamic", "dynamic_full", "static", "hybrid", "offloaded", "offloaded_static", "offloaded_hybrid"];
    vec![
        ("assistant_early_exit", vec![], none),
        ("cache_implementation", caches.map(Value::from).to_vec(), "a cache is kept in full precision"),
        ("constraints", vec![], none),
        ("diversity_penalty", vec![json!(0.0)], none),
        ("dola_layers", vec![], none),
        ("encoder_no_repeat_ngram_size", vec![json!(0.0)], encoder),
        ("encoder_repetition_penalty", vec![json!(1.0)], encoder),
        ("force_words_ids", vec![], none),
        ("forced_bos_token_id", vec![], "it belongs to encoder-decoder models: put the token at the prompt's end"),
        ("forced_decoder_ids", vec![], encoder),
        ("guidance_scale", vec![json!(1.0)], none),
        ("is_assistant", off(), none),
        ("max_time", vec![], "end a text with Generation::with_stopping"),
        ("num_beam_groups", vec![json!(1.0)], none),
        ("output_attentions", off(), none),
        ("output_hidden_states", off(), none),
        ("output_logits", off(), none),
        ("penalty_alpha", vec![json!(0.0)], none),
        ("prompt_lookup_num_tokens", vec![], none),
        ("speculation_type", vec![], none),
        ("token_healing", off(), none),
        ("top_h", vec![], none),
        ("use_mtp", off(), none),
        ("watermarking_config", vec![], none),
    ]
}

/// Takes out what this crate has no option for and can do without, and returns the names that transformers does not know
/// either. `options` holds no nulls.
///
/// # Errors
/// An option of transformers that would have an effect.
pub(super) fn refuse_foreign(options: &mut Map<String, Value>) -> Result<Vec<String>, String> {
    options.retain(|name, _| !WITHOUT_EFFECT.contains(&name.as_str()));
    for (name, defaults, remedy) in refused() {
        let Some(value) = options.remove(name) else { continue };
        // Numbers are compared as such: files say 0 and 0.0.
        let value = value.as_f64().map_or(value, Value::from);
        if !defaults.contains(&value) {
            return Err(format!("`{name}` is set ({}), which is not supported: {remedy}", shown(&value)));
        }
    }
    let ours = |name: &str| {
        let probe = Map::from_iter([(name.to_owned(), Value::Null)]);
        serde_json::from_value::<super::GenerationConfig>(Value::Object(probe)).is_ok()
    };
    let unknown: Vec<String> = options.keys().filter(|name| !ours(name)).cloned().collect();
    options.retain(|name, _| !unknown.contains(name));
    // Drawing by another seed is for the caller to say: transformers has no such option.
    options.remove("seed");
    Ok(unknown)
}

/// A value as an error shows it.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        other => other.to_string(),
    }
}
