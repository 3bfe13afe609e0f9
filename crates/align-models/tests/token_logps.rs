//! `output_scores`: the log-probabilities of tokens, compared with those of the model over the whole text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::generation::{Completion, Generation, GenerationConfig, generate_completions};
use align_models::{Attention, CausalLm, Gpt2};
use std::path::Path;
use tch::{Device, Kind, Tensor};

fn tiny() -> Gpt2 {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/gpt2-tiny");
    Gpt2::from_pretrained(&dir, Kind::Float, Device::Cpu).unwrap()
}

fn written(model: &Gpt2, config: GenerationConfig) -> (Vec<Vec<i64>>, Vec<Completion>) {
    let prompts = vec![vec![300, 301], vec![302, 303], vec![304]];
    let config = GenerationConfig { max_new_tokens: Some(12), ..config };
    let all = generate_completions(model, &prompts, &Generation::new(config).unwrap(), 2).unwrap();
    (prompts, all)
}

/// Log-probabilities of the tokens of a completion, including a final EOS, at a temperature, from one forward pass.
fn expected(model: &Gpt2, prompt: &[i64], completion: &Completion, temperature: f64) -> Vec<f64> {
    let mut ids = [prompt, &completion.ids].concat();
    if completion.finished {
        ids.push(model.eos_token_ids()[0]);
    }
    let new = (ids.len() - prompt.len()) as i64;
    let input = Tensor::from_slice(&ids).unsqueeze(0);
    let hidden = model.hidden(&input, None, &Attention::Causal, None).unwrap();
    let logps = (hidden.matmul(&model.head().tr()) / temperature).log_softmax(-1, Kind::Float).squeeze_dim(0);
    let before = logps.narrow(0, prompt.len() as i64 - 1, new);
    let taken = before.gather(1, &input.squeeze_dim(0).narrow(0, prompt.len() as i64, new).unsqueeze(1), false);
    Vec::<f32>::try_from(taken.squeeze_dim(1)).unwrap().into_iter().map(f64::from).collect()
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
}

#[test]
fn token_logps_equal_those_of_the_model() {
    let model = tiny();
    let greedy = GenerationConfig { output_scores: true, ..Default::default() };
    let warm = GenerationConfig { do_sample: true, temperature: Some(2.0), top_k: Some(0), seed: 3, ..greedy.clone() };
    for (config, temperature) in [(greedy, 1.0), (warm, 2.0)] {
        let (prompts, all) = written(&model, config);
        for completion in &all {
            let expected = expected(&model, &prompts[completion.prompt], completion, temperature);
            assert_close(completion.token_logps.as_ref().unwrap(), &expected);
        }
    }
}

#[test]
fn token_logps_of_a_beam_sum_to_its_score() {
    let model = tiny();
    let config = GenerationConfig {
        num_beams: 4,
        num_return_sequences: 3,
        length_penalty: Some(0.7),
        output_scores: true,
        ..Default::default()
    };
    let (prompts, all) = written(&model, config);
    assert_eq!(all.len(), 9);
    for completion in &all {
        let found = completion.token_logps.as_ref().unwrap();
        assert_close(found, &expected(&model, &prompts[completion.prompt], completion, 1.0));
        let score = found.iter().sum::<f64>() / (found.len() as f64).powf(0.7);
        assert!((score - completion.score.unwrap()).abs() < 1e-9, "{score} {:?}", completion.score);
    }
}

#[test]
fn token_logps_are_absent_unless_requested() {
    let (_, all) = written(&tiny(), GenerationConfig::default());
    assert!(all.iter().all(|completion| completion.token_logps.is_none()));
}
