//! Full weights of the base model that an adapter contains: fully trained weights, and embeddings saved without training.

use super::base_model::LoraBase;
use super::config::LoraBias;
use super::matcher::Matcher;
use super::target::Target;
use crate::checkpoint::{Checkpoint, TensorSpec};
use crate::{Error, LoraConfig, Parameters, Result};
use tch::Tensor;

/// The prefix of the base model's names in PEFT.
pub(super) const PREFIX: &str = "base_model.model.";

/// A full weight that an adapter contains.
#[derive(Debug, Clone)]
pub(super) struct FullWeight {
    /// Its name in the base model.
    pub base: String,
    /// Its name in the adapter's file, and its shape.
    pub stored: TensorSpec,
}

/// The fully trained weights: those of `modules_to_save`, and biases.
pub(super) fn trained_weights(config: &LoraConfig, base: &LoraBase, targets: &[Target]) -> Result<Vec<FullWeight>> {
    let matcher = Matcher::new(config)?;
    let is_adapted = |module: &str| targets.iter().any(|target| target.layer.name == module);
    let of = |spec: TensorSpec| {
        let (module, _) = spec.name.rsplit_once('.')?;
        let mut around = spec.name.match_indices('.').filter_map(|(at, _)| spec.name.get(..at));
        let saved = around.any(|outer| matcher.is_saved(outer));
        let bias = spec.name.ends_with(".bias")
            && match config.bias {
                LoraBias::None => false,
                LoraBias::All => true,
                LoraBias::LoraOnly => is_adapted(module),
            };
        let stored = match is_adapted(module) {
            true => format!("{PREFIX}{module}.base_layer.bias"),
            false => format!("{PREFIX}{}", spec.name),
        };
        (saved || bias).then(|| FullWeight { base: spec.name.clone(), stored: TensorSpec::new(stored, spec.shape) })
    };
    let head = base.is_tied().then(|| TensorSpec::new(base.adaptable.output_projection(), base.embedding_shape()));
    Ok(base.tensors().into_iter().chain(head).filter_map(of).collect())
}

/// The embeddings that an adapter's file contains although they are not trained. PEFT saves them if they were resized, or on request.
pub(super) fn untrained_embeddings(file: &Checkpoint, model: &LoraBase, trained: &[FullWeight]) -> Vec<FullWeight> {
    let of = |base: &str| {
        let stored = TensorSpec::new(format!("{PREFIX}{base}"), model.embedding_shape());
        let held = file.entries().iter().any(|entry| entry.name() == stored.name);
        let is_trained = trained.iter().any(|weight| weight.base == base);
        (held && !is_trained).then(|| FullWeight { base: base.to_owned(), stored })
    };
    model.embeddings().into_iter().filter_map(of).collect()
}

/// The vocabulary size of the embeddings in an adapter's file, if it contains any.
pub(super) fn vocab_size(file: &Checkpoint, model: &LoraBase) -> Option<i64> {
    let of = |base: &str| {
        let name = format!("{PREFIX}{base}");
        file.entries().iter().find(|entry| entry.name() == name)?.shape().first().copied()
    };
    model.embeddings().into_iter().find_map(of)
}

/// The full weights of an adapter with their names in the base model, in the same memory.
pub(super) fn by_base_name(weights: &[FullWeight], held: &Parameters) -> Parameters {
    let one = |weight: &FullWeight| Some((weight.base.clone(), held.get(&weight.stored.name)?.shallow_clone()));
    Parameters::new(weights.iter().filter_map(one).collect())
}

/// The base model's weights, with those of the adapter in the place of their namesakes.
///
/// An output projection that the adapter has of its own is no longer the embedding, and one that it has not stays the base model's
/// where the embedding changes. Two that are carried along and equal stay tied.
pub(super) fn replace_weights(model: &LoraBase, trained: &Parameters, kept: &Parameters) -> Result<Parameters> {
    let ([embedding, head], base) = (model.embeddings(), model.model);
    let own = |name: &str| trained.get(name).or(kept.get(name));
    let weights = base.parameters().iter().filter(|(name, _)| *name != head);
    let mut weights: Vec<(String, Tensor)> =
        weights.map(|(name, weight)| (name.to_owned(), own(name).unwrap_or(weight).shallow_clone())).collect();
    let projection = match (own(embedding), own(head)) {
        (_, Some(own)) => Some(own),
        (Some(_), None) => Some(base.head()),
        (None, None) => base.parameters().get(head),
    };
    let words = own(embedding).or(base.parameters().get(embedding));
    if let (Some(projection), Some(words)) = (projection, words) {
        if projection.size() != words.size() {
            let (projection, words) = (projection.size(), words.size());
            return Err(Error::Input(format!(
                "the output projection has shape {projection:?}, the embedding {words:?}"
            )));
        }
        let both_stand = trained.get(embedding).is_none() && trained.get(head).is_none();
        if !(model.is_tied() && both_stand && projection.f_equal(words)?) {
            weights.push((head.to_owned(), projection.shallow_clone()));
        }
    }
    Ok(Parameters::new(weights))
}

/// Whether a tensor is a copy that PEFT writes in addition if embeddings are saved: the original weights, or the trained ones again.
pub(super) fn is_duplicate(name: &str) -> bool {
    name.contains(".original_module.") || name.contains(".modules_to_save.")
}
