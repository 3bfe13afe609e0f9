//! Generation options from a model's folder.

use super::{cases, folder, golden};
use align_models::generation::{EarlyStopping, GenerationConfig};
use serde_json::json;

/// The options in a folder with this generation_config.json.
fn from_file(text: &str) -> Result<GenerationConfig, String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("generation_config.json"), text).unwrap();
    GenerationConfig::from_pretrained(dir.path()).map_err(|e| e.to_string())
}

#[test]
fn options_are_read_from_a_folder() {
    let tiny = GenerationConfig::from_pretrained(folder()).unwrap();
    let ids = GenerationConfig { bos_token_id: Some(0), eos_token_id: Some(vec![0]), ..Default::default() };
    assert_eq!(tiny, ids);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(GenerationConfig::from_pretrained(empty.path()).unwrap(), GenerationConfig::default());
    // As Llama-3's instruct models have it.
    let llama = json!({
        "bos_token_id": 128000, "do_sample": true, "eos_token_id": [128001, 128008], "temperature": 0.6, "top_p": 0.9,
        "transformers_version": "4.42.3", "max_length": 4096, "max_new_tokens": 512,
    });
    let expected = GenerationConfig {
        do_sample: true,
        temperature: Some(0.6),
        top_p: Some(0.9),
        max_new_tokens: Some(512),
        bos_token_id: Some(128_000),
        eos_token_id: Some(vec![128_001, 128_008]),
        ..Default::default()
    };
    assert_eq!(from_file(&llama.to_string()).unwrap(), expected);
    let lists = json!({
        "suppress_tokens": [1, 2], "begin_suppress_tokens": [220, 3], "bad_words_ids": [[4, 5]], "stop_strings": "\n",
        "sequence_bias": [[[10, 45], -2.0]], "exponential_decay_length_penalty": [15, 1.6], "forced_eos_token_id": 3,
        "early_stopping": "never", "num_beams": 3, "renormalize_logits": true, "remove_invalid_values": true,
    });
    let expected = GenerationConfig {
        suppress_tokens: Some(vec![1, 2]),
        begin_suppress_tokens: Some(vec![220, 3]),
        bad_words_ids: Some(vec![vec![4, 5]]),
        stop_strings: Some(vec!["\n".into()]),
        sequence_bias: Some(vec![(vec![10, 45], -2.0)]),
        exponential_decay_length_penalty: Some((15, 1.6)),
        forced_eos_token_id: Some(vec![3]),
        early_stopping: Some(EarlyStopping::Never),
        num_beams: 3,
        renormalize_logits: true,
        remove_invalid_values: true,
        ..Default::default()
    };
    assert_eq!(from_file(&lists.to_string()).unwrap(), expected);
    assert_eq!(from_file(&serde_json::to_string(&expected).unwrap()).unwrap(), expected, "what we write we read");
}

#[test]
fn defaults_and_nulls_of_old_and_new_files_are_not_set() {
    let golden = golden();
    for case in cases(&golden, "files") {
        let ours = from_file(&case["text"].to_string()).unwrap();
        assert_eq!(ours, GenerationConfig { bos_token_id: Some(0), eos_token_id: Some(vec![0]), ..Default::default() });
    }
}

#[test]
fn unsupported_options_are_rejected_by_name() {
    for (name, value) in [
        ("assistant_early_exit", json!(4)),
        ("cache_implementation", json!("quantized")),
        ("constraints", json!([[1]])),
        ("diversity_penalty", json!(0.5)),
        ("dola_layers", json!("low")),
        ("encoder_no_repeat_ngram_size", json!(3)),
        ("encoder_repetition_penalty", json!(1.2)),
        ("force_words_ids", json!([[1]])),
        ("forced_bos_token_id", json!(5)),
        ("guidance_scale", json!(1.5)),
        ("max_time", json!(2.5)),
        ("num_beam_groups", json!(2)),
        ("output_logits", json!(true)),
        ("penalty_alpha", json!(0.6)),
        ("prompt_lookup_num_tokens", json!(10)),
        ("token_healing", json!(true)),
        ("top_h", json!(0.4)),
        ("watermarking_config", json!({"bias": 2.0})),
    ] {
        let message = from_file(&json!({ name: value }).to_string()).unwrap_err();
        assert!(
            message.contains("generation_config.json") && message.contains(&format!("`{name}` is set")),
            "{message}"
        );
        assert!(from_file(&json!({ name: null }).to_string()).is_ok(), "{name}: null");
    }
}

#[test]
fn invalid_files_are_rejected_with_the_field() {
    for (text, because) in [
        ("", "is not a generation config"),
        ("[]", "is not a generation config"),
        ("{\"top_k\": \"many\"}", "`top_k`: invalid type"),
        ("{\"temperature\": 0.7, \"num_beams\": -1}", "`num_beams`: invalid value"),
        ("{\"temperature\": -2, \"do_sample\": true}", "`temperature` is -2"),
        ("{\"eos_token_id\": [0, -1]}", "`eos_token_id` is -1"),
        ("{\"bad_words_ids\": [1]}", "`bad_words_ids[0]`: invalid type"),
    ] {
        let message = from_file(text).unwrap_err();
        assert!(message.contains("generation_config.json: ") && message.contains(because), "{text}: {message}");
    }
    for option in [
        "suppress_tokens",
        "begin_suppress_tokens",
        "forced_eos_token_id",
        "bad_words_ids",
        "sequence_bias",
        "stop_strings",
    ] {
        assert_eq!(from_file(&json!({ option: [] }).to_string()).unwrap(), GenerationConfig::default(), "{option}");
    }
    let many: Vec<i64> = (0..700).collect();
    for text in [
        json!({ "suppress_tokens": many }).to_string(),
        serde_json::to_string_pretty(&json!({ "suppress_tokens": many })).unwrap(),
    ] {
        assert_eq!(from_file(&text).unwrap().suppress_tokens.as_ref(), Some(&many));
    }
    let amplified = format!("{{\"bad_words_ids\": [{}[0]]}}", "[0],".repeat(100_000));
    assert!(from_file(&amplified).unwrap_err().contains("values"), "more values than a file of a model holds");
    let large = format!("{{\"stop_strings\": \"{}\"}}", "a".repeat(3 << 20));
    assert!(from_file(&large).unwrap_err().contains("bytes"));
    let message = GenerationConfig::from_pretrained("no/such/folder").unwrap_err().to_string();
    assert!(message.contains("no/such/folder") && message.contains("no such folder"), "{message}");
    assert!(GenerationConfig::from_json_file("no/such.json").is_err());
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("generation_config.json")).unwrap();
    let message = GenerationConfig::from_pretrained(dir.path()).unwrap_err().to_string();
    assert!(message.contains("not a regular file"), "{message}");
}
