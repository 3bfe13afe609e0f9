//! Full weights in an adapter, besides the low-rank matrices: fully trained weights, and embeddings that were saved without training.

use super::config::LoraBias;
use super::lora_base::LoraBase;
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
    let full_weight = |spec: TensorSpec| {
        let (module, _) = spec.name.rsplit_once('.')?;
        let mut parents = spec.name.match_indices('.').filter_map(|(at, _)| spec.name.get(..at));
        let saved = parents.any(|parent| matcher.is_saved(parent));
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
    let head = base.tied_projection().map(|name| TensorSpec::new(name, base.embedding_shape()));
    Ok(base.tensors().into_iter().chain(head).filter_map(full_weight).collect())
}

/// The embeddings that an adapter's file contains although they are not trained. PEFT saves them if they were resized, or on request.
pub(super) fn untrained_embeddings(file: &Checkpoint, model: &LoraBase, trained: &[FullWeight]) -> Vec<FullWeight> {
    let untrained = |base: &str| {
        let stored = TensorSpec::new(format!("{PREFIX}{base}"), model.embedding_shape());
        let is_stored = file.entries().iter().any(|entry| entry.name() == stored.name);
        let is_trained = trained.iter().any(|weight| weight.base == base);
        (is_stored && !is_trained).then(|| FullWeight { base: base.to_owned(), stored })
    };
    model.embeddings().into_iter().filter_map(untrained).collect()
}

/// The vocabulary size of the embeddings in an adapter's file, if it contains any.
pub(super) fn vocab_size(file: &Checkpoint, model: &LoraBase) -> Option<i64> {
    let stored_size = |base: &str| {
        let name = format!("{PREFIX}{base}");
        file.entries().iter().find(|entry| entry.name() == name)?.shape().first().copied()
    };
    model.embeddings().into_iter().find_map(stored_size)
}

/// Renames the full weights of an adapter to their names in the base model. The memory is shared.
pub(super) fn by_base_name(weights: &[FullWeight], stored: &Parameters) -> Parameters {
    let renamed = |weight: &FullWeight| Some((weight.base.clone(), stored.get(&weight.stored.name)?.shallow_clone()));
    Parameters::new(weights.iter().filter_map(renamed).collect())
}

/// Returns the base model's weights, with those that the adapter contains replaced.
///
/// If the adapter contains only the embedding, the output projection remains that of the base model; if it contains the output projection,
/// the two are no longer tied. They stay tied only if the base model ties them, and the adapter contains both untrained and with equal
/// values.
pub(super) fn replace_weights(model: &LoraBase, trained: &Parameters, untrained: &Parameters) -> Result<Parameters> {
    let (embedding, base) = (model.adaptable.embedding(), model.model);
    let replacement = |name: &str| trained.get(name).or(untrained.get(name));
    let projection_name = model.adaptable.output_projection();
    let weights = base.parameters().iter().filter(|(name, _)| Some(*name) != projection_name);
    let mut weights: Vec<(String, Tensor)> =
        weights.map(|(name, weight)| (name.to_owned(), replacement(name).unwrap_or(weight).shallow_clone())).collect();
    let Some(head) = projection_name else { return Ok(Parameters::new(weights)) };
    let projection = match (replacement(embedding), replacement(head)) {
        (_, Some(head)) => Some(head),
        (Some(_), None) => Some(base.head()),
        (None, None) => base.parameters().get(head),
    };
    let embedding_weight = replacement(embedding).or(base.parameters().get(embedding));
    if let (Some(projection), Some(embedding_weight)) = (projection, embedding_weight) {
        if projection.size() != embedding_weight.size() {
            let (projection, embedding) = (projection.size(), embedding_weight.size());
            return Err(Error::Input(format!(
                "the output projection has shape {projection:?}, but the embedding has {embedding:?}"
            )));
        }
        let neither_is_trained = trained.get(embedding).is_none() && trained.get(head).is_none();
        if !(model.tied_projection().is_some() && neither_is_trained && projection.f_equal(embedding_weight)?) {
            weights.push((head.to_owned(), projection.shallow_clone()));
        }
    }
    Ok(Parameters::new(weights))
}

/// Whether a tensor is a copy that PEFT writes in addition if embeddings are saved: the original weights, or the trained ones again.
pub(super) fn is_duplicate(name: &str) -> bool {
    name.contains(".original_module.") || name.contains(".modules_to_save.")
}
