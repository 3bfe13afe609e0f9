//! Embeddings for added tokens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::{
    Attention, AutoModelForCausalLm, CausalLm, LoraConfig, LoraModel, TrainableModel, resize_token_embeddings,
};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

fn load(dir: &Path) -> Box<dyn CausalLm> {
    AutoModelForCausalLm::from_pretrained(dir, Kind::Float, Device::Cpu).unwrap()
}

fn gpt2() -> Box<dyn CausalLm> {
    load(&PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/data/models/gpt2-tiny")))
}

fn logits(model: &dyn CausalLm) -> Tensor {
    let ids = Tensor::from_slice(&[3i64, 14, 15, 9, 2, 6]).view([2, 3]);
    model.logits(&model.hidden(&ids, None, &Attention::Causal, None).unwrap()).unwrap()
}

#[test]
fn new_tokens_have_the_mean_embedding_and_others_keep_theirs() {
    let model = gpt2();
    let tokens = model.vocab_size();
    let resized = resize_token_embeddings(&model, tokens + 3).unwrap();
    assert_eq!(resized.vocab_size(), tokens + 3);
    let (before, after) = (logits(&model), logits(&resized));
    assert!(before.allclose(&after.narrow(2, 0, tokens), 1e-5, 1e-5, false));
    // The head is tied, so a mean embedding has the mean of the logits.
    let mean = before.mean_dim([2i64].as_slice(), true, Kind::Float).expand([2, 3, 3], false);
    assert!(mean.allclose(&after.narrow(2, tokens, 3), 1e-4, 1e-4, false));

    let dir = tempfile::tempdir().unwrap();
    resized.save_pretrained(dir.path(), false).unwrap();
    assert!(logits(&load(dir.path())).equal(&after));
}

#[test]
fn embeddings_do_not_shrink_and_adapters_are_refused() {
    let model = gpt2();
    let problem = resize_token_embeddings(&model, 10).unwrap_err().to_string();
    assert!(problem.contains("cannot be reduced to 10"), "{problem}");
    let adapter = LoraModel::new(model, LoraConfig::default(), 0).unwrap();
    let problem = resize_token_embeddings(&adapter, 2_000).unwrap_err().to_string();
    assert!(problem.contains("merge the adapter first"), "{problem}");
}
