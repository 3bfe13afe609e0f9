//! Compares divergences along texts with exact sums over all texts of a tiny vocabulary.
#![allow(clippy::unwrap_used)]

use align_frontier::token_divergences;
use align_inference::{PromptCompletion, completion_logps};
use align_models::{Gpt2, Gpt2Config};
use tch::{Device, Kind};

const VOCAB: i64 = 5;

fn model(seed: u64) -> Gpt2 {
    let config = serde_json::json!({
        "model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 8, "vocab_size": VOCAB,
        "initializer_range": 0.8, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
        "embd_pdrop": 0.0, "attn_pdrop": 0.0, "resid_pdrop": 0.0,
    });
    let config: Gpt2Config = serde_json::from_value(config).unwrap();
    Gpt2::new_random(config, seed, Kind::Float, Device::Cpu).unwrap()
}

#[test]
fn both_estimators_are_unbiased() {
    let (policy, reference) = (model(1), model(2));
    let prompt = [3i64, 1];
    let texts: Vec<[i64; 3]> = (0..VOCAB.pow(3)).map(|n| [n / 25, n / 5 % 5, n % 5]).collect();
    let row = |text| PromptCompletion { prompt_ids: &prompt, completion_ids: text };
    let rows: Vec<PromptCompletion> = texts.iter().map(|text| row(&text[..])).collect();
    let sum =
        |logps: Vec<Vec<f32>>| -> Vec<f64> { logps.iter().map(|l| l.iter().map(|x| f64::from(*x)).sum()).collect() };
    let p = sum(completion_logps(&policy, &rows, 16).unwrap());
    let q = sum(completion_logps(&reference, &rows, 16).unwrap());
    let exact: f64 = p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum();
    assert!(exact > 0.1, "{exact}");

    let found = token_divergences(&policy, &reference, &rows, 16).unwrap();
    let mean = |of: &dyn Fn(&align_frontier::TextDivergence) -> f64| -> f64 {
        found.iter().zip(&p).map(|(text, logp)| logp.exp() * of(text)).sum()
    };
    assert!((mean(&|text| text.token_kls.iter().sum()) - exact).abs() < 1e-5);
    assert!((mean(&|text| text.model_logp - text.other_logp) - exact).abs() < 1e-5);
    // The probabilities of all texts add up to 1.
    assert!((mean(&|_| 1.0) - 1.0).abs() < 1e-5);
    assert!(found.iter().flat_map(|text| &text.token_kls).all(|kl| *kl >= -1e-6));
}

#[test]
fn padding_does_not_change_the_divergences() {
    let (policy, reference) = (model(3), model(4));
    let rows = [
        PromptCompletion { prompt_ids: &[1], completion_ids: &[2, 3, 4, 0] },
        PromptCompletion { prompt_ids: &[1, 2, 3], completion_ids: &[4] },
        PromptCompletion { prompt_ids: &[0, 0], completion_ids: &[1, 1] },
    ];
    let together = token_divergences(&policy, &reference, &rows, 3).unwrap();
    for (row, found) in rows.iter().zip(&together) {
        let alone = token_divergences(&policy, &reference, &[*row], 1).unwrap();
        assert_eq!(alone[0].token_kls.len(), row.completion_ids.len());
        assert_eq!(found.token_kls.len(), row.completion_ids.len());
        for (a, b) in alone[0].token_kls.iter().zip(&found.token_kls) {
            assert!((a - b).abs() < 1e-5);
        }
        assert!((alone[0].model_logp - found.model_logp).abs() < 1e-4);
        assert!((alone[0].other_logp - found.other_logp).abs() < 1e-4);
    }
}

#[test]
fn invalid_rows_are_rejected() {
    let assert_rejected = |prompt_ids, completion_ids, batch| {
        let row = PromptCompletion { prompt_ids, completion_ids };
        token_divergences(&model(1), &model(2), &[row], batch).unwrap_err().to_string()
    };
    assert!(assert_rejected(&[], &[1], 1).contains("row 1 has no prompt"));
    assert!(assert_rejected(&[1], &[], 1).contains("no completion"));
    assert!(assert_rejected(&[1], &[1], 0).contains("batch_size"));
}
