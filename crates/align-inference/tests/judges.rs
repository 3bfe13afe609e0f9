//! The likelihood of texts under a language model as a judge, against log-softmax of the model's logits.
#![allow(clippy::unwrap_used)]

use align_data::{CompletionExample, Tokenizer};
use align_inference::{Error, Judge, MeanLogp};
use align_models::{Attention, AutoModelForCausalLm, CausalLm};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/data/models/gpt2-tiny")
}

fn model() -> Box<dyn CausalLm> {
    AutoModelForCausalLm::from_pretrained(&folder(), Kind::Float, Device::Cpu).unwrap()
}

/// The mean log-probability of the tokens from `first` on.
fn mean_logp(model: &dyn CausalLm, ids: &[i64], first: usize) -> f64 {
    let hidden = model.hidden(&Tensor::from_slice(ids).unsqueeze(0), None, &Attention::Causal, None).unwrap();
    let logps = hidden.squeeze_dim(0).matmul(&model.head().tr()).log_softmax(-1, Kind::Double);
    let of = |t: usize| logps.double_value(&[t as i64 - 1, ids[t]]);
    (first..ids.len()).map(of).sum::<f64>() / (ids.len() - first) as f64
}

#[test]
fn the_score_is_the_mean_log_probability() {
    let (model, tokenizer) = (model(), Tokenizer::from_pretrained(folder()).unwrap());
    let texts = ["This film was a joy from its first minute to its last.", "Bad", "A plain little story"];
    let judge = MeanLogp::new(model.frozen_copy().unwrap(), tokenizer.clone(), 2);
    let scores = judge.scores_of_texts(&texts).unwrap();
    for (text, score) in texts.iter().zip(&scores) {
        let ids = tokenizer.encode(text, true).unwrap();
        assert!((score - mean_logp(model.as_ref(), &ids, 1)).abs() < 1e-5, "{text}");
    }
    let row = CompletionExample::Plain(("This film was".to_owned(), " a joy from its first minute".to_owned()));
    let scores = judge.scores_of_rows(&[row]).unwrap();
    let ids = tokenizer.encode("This film was a joy from its first minute", true).unwrap();
    let prompt = tokenizer.encode("This film was", true).unwrap().len();
    assert!((scores[0] - mean_logp(model.as_ref(), &ids, prompt)).abs() < 1e-5);
}

#[test]
fn texts_without_a_predicted_token_are_refused_and_long_ones_truncated() {
    let tokenizer = Tokenizer::from_pretrained(folder()).unwrap();
    let longest = model().max_position_embeddings() as usize;
    let judge = MeanLogp::new(model(), tokenizer.clone(), 2);
    let found = judge.scores_of_texts(&["A film", ""]).unwrap_err();
    assert!(
        matches!(&found, Error::Input(problem) if problem.contains("text 2") && problem.contains("too short")),
        "{found}"
    );
    let long = "a film ".repeat(longest);
    let ids: Vec<i64> = tokenizer.encode(&long, true).unwrap().into_iter().take(longest).collect();
    let score = judge.scores_of_texts(&[&long]).unwrap()[0];
    assert!((score - mean_logp(model().as_ref(), &ids, 1)).abs() < 1e-5);
    let full = CompletionExample::Plain((long, " good".to_owned()));
    let found = judge.scores_of_rows(&[full]).unwrap_err().to_string();
    assert!(found.contains("its prompt has") && found.contains(&format!("takes {longest}")), "{found}");
}
