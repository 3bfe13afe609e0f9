//! Compares the order of the processors with transformers. tests/data/generation_options.py computes the expected values.

use super::pipeline;
use crate::generation::{Generation, GenerationConfig};
use serde_json::Value;

const GOLDEN: &str = include_str!("../../../tests/data/generation_options.json");

fn scores(row: &Value) -> Vec<f32> {
    let values = row.as_array().unwrap().iter();
    values.map(|x| x.as_f64().map_or(f32::NEG_INFINITY, |x| x as f32)).collect()
}

/// The scores after all processors of the options, and those of transformers.
fn processed(golden: &Value, case: &Value, generation: &Generation) -> Vec<(Vec<f32>, Vec<f32>)> {
    let eos: Vec<i64> = generation.config().eos_token_id.clone().unwrap();
    let prompt_length = golden["prompt_length"].as_u64().unwrap() as usize;
    let max_length = generation.config().max_length.unwrap_or(20);
    let processors = pipeline(generation, &eos, prompt_length, max_length);
    let rows = golden["ids"].as_array().unwrap().iter().zip(golden["scores"].as_array().unwrap());
    rows.zip(case["output"].as_array().unwrap())
        .map(|((ids, row), expected)| {
            let ids: Vec<i64> = serde_json::from_value(ids.clone()).unwrap();
            let mut found = scores(row);
            processors.iter().for_each(|processor| processor.process(&ids, &mut found));
            (found, scores(expected))
        })
        .collect()
}

#[test]
fn processors_have_the_order_of_transformers() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let cases = golden["orders"].as_array().unwrap();
    assert!(cases.len() >= 6);
    for case in cases {
        let config: GenerationConfig = serde_json::from_value(case["config"].clone()).unwrap();
        let generation = Generation::new(config).unwrap();
        let count = case["processors"].as_array().unwrap().len();
        assert_eq!(pipeline(&generation, &[0, 11], 2, 20).len(), count, "{}", case["config"]);
        for (found, expected) in processed(&golden, case, &generation) {
            for (token, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let fits = found == expected || ((found - expected) / expected.abs().max(1.0)).abs() < 1e-5;
                assert!(fits, "{}, token {token}: {found}, expected {expected}", case["config"]);
            }
        }
    }
}

#[test]
fn custom_processors_run_before_the_warpers() {
    let config = GenerationConfig {
        do_sample: true,
        temperature: Some(0.5),
        top_k: Some(0),
        suppress_tokens: Some(vec![1]),
        eos_token_id: Some(vec![0]),
        ..GenerationConfig::default()
    };
    let plus_one = |_: &[i64], scores: &mut [f32]| scores.iter_mut().for_each(|score| *score += 1.0);
    let ruled_out = |_: &[i64], scores: &mut [f32]| assert_eq!(scores[1], f32::NEG_INFINITY);
    let doubled = |_: &[i64], scores: &mut [f32]| scores.iter_mut().for_each(|score| *score *= 2.0);
    let generation = Generation::new(config).unwrap();
    let generation = generation.with_processor(Box::new(plus_one)).with_processor(Box::new(ruled_out));
    let generation = generation.with_processor(Box::new(doubled));
    let mut scores = [0.5, 0.0, -1.0];
    pipeline(&generation, &[0], 1, 9).iter().for_each(|processor| processor.process(&[2], &mut scores));
    assert_eq!(scores, [6.0, f32::NEG_INFINITY, 0.0]);
}
