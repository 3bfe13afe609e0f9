//! Options that are rejected, without a model and for a given model.

use super::tiny;
use align_models::generation::{Generation, GenerationConfig, generate_completions};

fn assert_refused(option: &str, because: &str, config: GenerationConfig) {
    let message = Generation::new(config).unwrap_err().to_string();
    assert!(message.starts_with(&format!("`{option}` ")), "{option}: {message}");
    assert!(message.contains(because), "{option}, {because}: {message}");
}

#[test]
fn options_out_of_range_are_rejected() {
    let base = GenerationConfig::default;
    let refused = [
        ("bad_words_ids", "empty list", GenerationConfig { bad_words_ids: Some(vec![]), ..base() }),
        ("bad_words_ids", "empty item", GenerationConfig { bad_words_ids: Some(vec![vec![1], vec![]]), ..base() }),
        ("bad_words_ids", "-4", GenerationConfig { bad_words_ids: Some(vec![vec![1, -4]]), ..base() }),
        ("suppress_tokens", "empty list", GenerationConfig { suppress_tokens: Some(vec![]), ..base() }),
        ("suppress_tokens", "-1", GenerationConfig { suppress_tokens: Some(vec![-1]), ..base() }),
        ("begin_suppress_tokens", "empty", GenerationConfig { begin_suppress_tokens: Some(vec![]), ..base() }),
        ("forced_eos_token_id", "empty", GenerationConfig { forced_eos_token_id: Some(vec![]), ..base() }),
        ("sequence_bias", "empty list", GenerationConfig { sequence_bias: Some(vec![]), ..base() }),
        ("sequence_bias", "empty item", GenerationConfig { sequence_bias: Some(vec![(vec![], 1.0)]), ..base() }),
        (
            "sequence_bias",
            "bad_words_ids",
            GenerationConfig { sequence_bias: Some(vec![(vec![1], f64::NEG_INFINITY)]), ..base() },
        ),
        ("stop_strings", "empty list", GenerationConfig { stop_strings: Some(vec![]), ..base() }),
        ("stop_strings", "empty item", GenerationConfig { stop_strings: Some(vec![String::new()]), ..base() }),
        ("bos_token_id", "-2", GenerationConfig { bos_token_id: Some(-2), ..base() }),
    ];
    for (option, because, config) in refused {
        assert_refused(option, because, config);
    }
}

#[test]
fn contradicting_options_and_options_without_effect_are_rejected() {
    let base = GenerationConfig::default;
    let eos = |ids: &[i64]| Some(ids.to_vec());
    let refused = [
        (
            "exponential_decay_length_penalty",
            "above 0",
            GenerationConfig { exponential_decay_length_penalty: Some((1, 0.0)), ..base() },
        ),
        (
            "exponential_decay_length_penalty",
            "eos_token_id",
            GenerationConfig { exponential_decay_length_penalty: Some((1, 2.0)), eos_token_id: Some(vec![]), ..base() },
        ),
        (
            "exponential_decay_length_penalty",
            "suppress_tokens",
            GenerationConfig {
                exponential_decay_length_penalty: Some((1, 2.0)),
                eos_token_id: eos(&[0]),
                suppress_tokens: Some(vec![0]),
                ..base()
            },
        ),
        (
            "forced_eos_token_id",
            "suppress_tokens",
            GenerationConfig { forced_eos_token_id: eos(&[0, 3]), suppress_tokens: Some(vec![3, 5, 0]), ..base() },
        ),
        (
            "min_new_tokens",
            "suppress_tokens",
            GenerationConfig {
                min_new_tokens: Some(3),
                eos_token_id: eos(&[0]),
                suppress_tokens: Some(vec![0]),
                ..base()
            },
        ),
    ];
    for (option, because, config) in refused {
        assert_refused(option, because, config);
    }
}

#[test]
fn options_that_the_model_does_not_support_are_rejected() {
    let base = GenerationConfig::default;
    let refused = [
        ("suppress_tokens", "1000", GenerationConfig { suppress_tokens: Some(vec![1000]), ..base() }),
        ("bad_words_ids", "1000", GenerationConfig { bad_words_ids: Some(vec![vec![1, 1000]]), ..base() }),
        ("sequence_bias", "1000", GenerationConfig { sequence_bias: Some(vec![(vec![1000], 1.0)]), ..base() }),
        ("forced_eos_token_id", "1000", GenerationConfig { forced_eos_token_id: Some(vec![1000]), ..base() }),
        ("bos_token_id", "1000", GenerationConfig { bos_token_id: Some(1000), ..base() }),
        ("bad_words_ids", "eos_token_id", GenerationConfig { bad_words_ids: Some(vec![vec![0]]), ..base() }),
        ("stop_strings", "with_token_bytes", GenerationConfig { stop_strings: Some(vec!["a".into()]), ..base() }),
    ];
    let model = tiny();
    for (option, because, config) in refused {
        let generation = Generation::new(config).unwrap();
        // The check also runs without prompts.
        for prompts in [&[vec![300]][..], &[]] {
            let message = generate_completions(&model, prompts, &generation, 1).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{option}` ")), "{option}: {message}");
            assert!(message.contains(because), "{option}, {because}: {message}");
        }
    }
}
