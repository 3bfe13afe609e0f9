//! Distances between the tiny GPT-2 and changed copies of it, compared with plain computations.
#![allow(clippy::unwrap_used)]

use align_data::Tokenizer;
use align_frontier::{
    AlongTexts, DistanceOptions, EmbeddingOptions, GeneratedTexts, HiddenStateOptions, JudgeScores, PolicyDistances,
    TokenisedText, TreeDistance, next_token_divergences, policy_distances, token_divergences, weight_distances,
};
use align_inference::PromptCompletion;
use align_metrics::{
    Bootstrap, LinearPredictivity, PermutationTest, jensen_shannon_divergence, kl_divergence, total_variation_distance,
};
use align_models::{Attention, CausalLm, Gpt2, TrainableModel};
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/data/models/gpt2-tiny"))
}

/// The tiny GPT-2, whose blocks are changed by waves of this height.
fn model(height: f64) -> Gpt2 {
    let model = Gpt2::from_pretrained(&folder(), Kind::Float, Device::Cpu).unwrap();
    for (name, weight) in model.parameters().iter().filter(|(name, _)| name.contains(".h.") && name.ends_with("weight"))
    {
        let phase = name.len() as f64;
        let wave = (Tensor::arange(weight.numel() as i64, (Kind::Float, Device::Cpu)) + phase).sin() * height;
        weight.shallow_clone().copy_(&(weight + wave.view_as(weight)));
    }
    model
}

fn texts() -> Vec<TokenisedText> {
    let text = |number: i64| TokenisedText {
        prompt_ids: vec![number + 1, 7],
        completion_ids: (0..6 + number % 3).map(|at| (at * at * 31 + number * 17) % 900).collect(),
        group: number as usize / 2,
    };
    (0..12).map(text).collect()
}

#[test]
fn divergences_are_those_of_the_distributions() {
    let (first, second) = (model(0.0), model(0.02));
    let texts = texts();
    let rows: Vec<PromptCompletion> = texts
        .iter()
        .map(|text| PromptCompletion { prompt_ids: &text.prompt_ids, completion_ids: &text.completion_ids })
        .collect();
    let found = next_token_divergences(&first, &second, &rows, 5).unwrap();
    let probabilities = |model: &Gpt2, text: &TokenisedText, position: i64| -> Vec<f64> {
        let ids = [&text.prompt_ids[..], &text.completion_ids].concat();
        let ids = Tensor::from_slice(&ids).unsqueeze(0);
        let hidden = tch::no_grad(|| model.hidden(&ids, None, &Attention::Causal, None)).unwrap();
        Vec::try_from(model.logits(&hidden.get(0).get(position)).unwrap().softmax(-1, Kind::Double)).unwrap()
    };
    for (text, found) in texts.iter().zip(&found) {
        for (at, _) in text.completion_ids.iter().enumerate() {
            let position = (text.prompt_ids.len() + at) as i64 - 1;
            let (p, q) = (probabilities(&first, text, position), probabilities(&second, text, position));
            let expected = [
                kl_divergence(&p, &q).unwrap(),
                kl_divergence(&q, &p).unwrap(),
                jensen_shannon_divergence(&p, &q).unwrap(),
                total_variation_distance(&p, &q).unwrap(),
            ];
            for (found, expected) in found.iter().zip(expected) {
                assert!((found[at] - expected).abs() < 1e-5 + 1e-4 * expected, "{}, {expected}", found[at]);
            }
            let [kl, _, js, tv] = found.each_ref().map(|values| values[at]);
            assert!(kl > 0.0 && js <= 2.0f64.ln() && tv <= (kl / 2.0).sqrt() && tv <= 1.0);
        }
    }
    // In float32, the divergence of the sweeps is the same but for rounding.
    let kls = token_divergences(&first, &second, &rows, 5).unwrap();
    for (found, kls) in found.iter().zip(kls) {
        assert!(found[0].iter().zip(&kls.token_kls).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}

#[test]
fn distances_of_weights_add_up_over_layers() {
    let (first, second) = (model(0.0), model(0.02));
    let found = weight_distances(&first, &second).unwrap();
    let names: Vec<&str> = found.layers.iter().map(|layer| layer.layer.as_str()).collect();
    assert_eq!(names, ["embeddings", "block 1", "block 2", "final norm and head"]);
    let moved = |name: &str| {
        let difference = first.parameters().get(name).unwrap() - second.parameters().get(name).unwrap();
        difference.to_kind(Kind::Double).square().sum(Kind::Double).double_value(&[])
    };
    let of_block = |block: &str| -> f64 {
        first.parameters().iter().filter(|(name, _)| name.contains(block)).map(|(name, _)| moved(name)).sum()
    };
    for (layer, block) in [(1, ".h.0."), (2, ".h.1.")] {
        let expected = of_block(block);
        assert!((found.layers[layer].squared_l2 - expected).abs() < 1e-6 * expected);
    }
    assert_eq!((found.layers[0].squared_l2, found.layers[3].squared_l2), (0.0, 0.0));
    let sum: f64 = found.layers.iter().map(|layer| layer.squared_l2).sum();
    assert!((found.all.squared_l2 - sum).abs() < 1e-9 * sum);
    let elements: usize = found.layers.iter().map(|layer| layer.elements).sum();
    assert_eq!(found.all.elements, elements);
}

/// Compares models whose blocks are changed by these heights by all measures.
fn compared(heights: &[f64]) -> PolicyDistances {
    // The judge gives long texts high scores.
    judged(heights, &|_, texts| Ok(texts.iter().map(|text| text.len() as f64).collect())).unwrap()
}

fn judged(heights: &[f64], score: &JudgeScores) -> align_frontier::Result<PolicyDistances> {
    let names: Vec<String> = heights.iter().map(|height| format!("model {height}")).collect();
    let tokenizer = Tokenizer::from_pretrained(folder()).unwrap();
    let prompts = ["This movie", "The plot", "I think", "The actors"].map(str::to_owned);
    let texts = texts();
    policy_distances(&DistanceOptions {
        names: &names,
        load: &|index| Ok(Box::new(model(heights[index])) as Box<dyn CausalLm>),
        weights: true,
        along_texts: Some(AlongTexts {
            texts: &texts,
            hidden: Some(HiddenStateOptions { max_tokens: 60, predictivity: LinearPredictivity::default() }),
            divergence: true,
        }),
        generated: Some(GeneratedTexts {
            tokenizer: &tokenizer,
            prompts: &prompts,
            texts_per_prompt: 3,
            max_new_tokens: 8,
            embeddings: Some(EmbeddingOptions {
                load: &|| Ok((Box::new(model(0.0)), Tokenizer::from_pretrained(folder())?)),
                projections: 20,
                test: PermutationTest { permutations: 99, seed: 1 },
            }),
            judges: &["length".to_owned()],
            score,
        }),
        bootstrap: Bootstrap { resamples: 100, ..Bootstrap::default() },
        batch_size: 5,
        seed: 3,
    })
}

#[test]
fn scores_that_are_missing_or_not_finite_name_the_judge() {
    let error = |score: &JudgeScores| judged(&[0.0, 0.01], score).unwrap_err().to_string();
    let found = error(&|_, texts| Ok(vec![0.0; texts.len() - 1]));
    assert!(found.ends_with("length: expected 24 scores, found 23"), "{found}");
    let found = error(&|_, texts| Ok((0..texts.len()).map(|at| if at == 4 { f64::NAN } else { 0.0 }).collect()));
    assert!(found.ends_with("length: text 5 has the score NaN, expected a finite number"), "{found}");
}

#[test]
fn a_model_is_not_distant_from_itself() {
    let found = compared(&[0.01, 0.01]);
    let weights = &found.weights.unwrap()[0].found;
    assert_eq!((weights.all.squared_l2, weights.all.relative_l2), (0.0, Some(0.0)));
    let hidden = &found.hidden.unwrap()[0].found;
    assert_eq!((hidden.tokens, hidden.layers.len()), (60, 3));
    for layer in &hidden.layers {
        assert!((layer.cka.unwrap() - 1.0).abs() < 1e-9 && (layer.debiased_cka.unwrap() - 1.0).abs() < 1e-9);
        assert_eq!(layer.first_predicts_second, layer.second_predicts_first);
    }
    let divergence = found.divergence.unwrap()[0].found;
    for of in [divergence.kl_first_second, divergence.jensen_shannon, divergence.total_variation] {
        assert_eq!((of.per_token.value, of.per_text.value, of.per_text.interval.high), (0.0, 0.0, 0.0));
    }
    // The texts are drawn independently, so they differ, but not significantly.
    let texts = found.texts.unwrap()[0].found;
    for distance in [texts.mmd_squared, texts.energy_distance, texts.sliced_wasserstein] {
        assert!(distance.p_value > 0.05, "{distance:?}");
    }
    assert!(texts.sliced_wasserstein.value > 0.0);
    assert!(found.judges.unwrap()[0].differences[0].found.paired.p_value > 0.05);
}

#[test]
fn distances_grow_with_the_change_and_make_a_tree() {
    let found = compared(&[0.0, 0.005, 0.04]);
    assert_eq!(found, compared(&[0.0, 0.005, 0.04]));
    // Pairs are in their order: the second is that of the first model and the third.
    let pair = compared(&[0.0, 0.04]);
    assert_eq!(found.hidden.as_ref().unwrap()[1], pair.hidden.unwrap()[0]);
    assert_eq!(found.weights.as_ref().unwrap()[1], pair.weights.unwrap()[0]);
    for of in [TreeDistance::Divergence, TreeDistance::Weights, TreeDistance::Hidden] {
        let tree = found.tree(of).unwrap();
        assert_eq!((tree[0].clusters, tree[1].clusters), ([0, 1], [2, 3]), "{of}: {tree:?}");
        assert!(tree[0].height < tree[1].height, "{of}");
    }
    assert_eq!(found.tree_distances().count(), 4);
    let divergence = found.divergence.as_ref().unwrap();
    assert_eq!((divergence[1].first.as_str(), divergence[1].second.as_str()), ("model 0", "model 0.04"));
    for pair in divergence {
        let of = pair.found.jensen_shannon.per_token;
        assert!(of.interval.low <= of.value && of.value <= of.interval.high);
    }
    let judge = &found.judges.as_ref().unwrap()[0];
    let (means, difference) = (&judge.means, judge.differences[2].found.paired.mean_difference.value);
    assert!((means[1].value - means[2].value - difference).abs() < 1e-9);
    // All figures can be drawn, and all tables are complete.
    let figures = found.figures(None).unwrap();
    let names: Vec<&str> = figures.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..3], ["tree", "weights", "cka"]);
    assert!(found.report(align_frontier::DistancesContext::default()).unwrap().to_html().is_ok());
    assert_eq!(found.tables().len(), 9);
}
