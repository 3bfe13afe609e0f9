//! Loading a decoder with its classification head, or adding a new head to a language model.

use super::config_fields::{default_names, labels_of_config};
use super::{DecoderClassifier, no_head};
use crate::checkpoint::{Checkpoint, Layout, TensorSpec};
use crate::decoder::{DecoderConfig, DecoderLm, SCORE};
use crate::identity::hyper_parameters;
use crate::random_weights::{Init, initializer_range, random_weights};
use crate::score::Labels;
use crate::{Error, LoraModel, Parameters, Result};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// The new head of a model that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewHead {
    /// The number of outputs: 1 for a reward model.
    pub num_labels: i64,
    /// The seed of its weights.
    pub seed: u64,
}

impl DecoderClassifier {
    /// Loads a model from a folder that transformers saved, in evaluation mode, with gradients off. `C` is the config of its decoder.
    ///
    /// # Errors
    /// The config or the checkpoint cannot be read, or they do not match; there is no `score.weight`.
    pub fn from_pretrained<C: DecoderConfig>(dir: &Path, kind: Kind, device: Device) -> Result<Self> {
        match load::<C>(dir, None, kind, device)? {
            (model, false) => Ok(model),
            (_, true) => Err(no_head(dir)),
        }
    }

    /// Loads a model for training. If the checkpoint is that of a language model, its output projection is replaced by a new head: normal
    /// with the config's `initializer_range` (default 0.02), without a bias, as in transformers. The second value is whether this was done.
    ///
    /// # Errors
    /// The errors of [`DecoderClassifier::from_pretrained`].
    pub fn from_pretrained_for_training<C: DecoderConfig>(
        dir: &Path,
        new_head: NewHead,
        kind: Kind,
        device: Device,
    ) -> Result<(Self, bool)> {
        load::<C>(dir, Some(new_head), kind, device)
    }
}

/// The names of the outputs of the head that an adapter contains.
pub(crate) fn adapter_outputs(dir: &Path) -> Result<Vec<String>> {
    let file = LoraModel::open_weights(dir)?;
    let score = file.entries().iter().find(|entry| entry.name().ends_with(SCORE));
    let outputs = score.and_then(|score| score.shape().first().copied());
    outputs.map(default_names).ok_or_else(|| no_head(dir))
}

/// Whether the checkpoint in a folder has a classification head.
fn has_head(checkpoint: &Checkpoint) -> bool {
    checkpoint.entries().iter().any(|entry| entry.name() == SCORE)
}

fn load<C: DecoderConfig>(
    dir: &Path,
    new_head: Option<NewHead>,
    kind: Kind,
    device: Device,
) -> Result<(DecoderClassifier, bool)> {
    let config = C::read(&dir.join("config.json"))?;
    let (checkpoint, json) = (Checkpoint::open(dir)?, hyper_parameters(&config)?);
    let layout = config.layout();
    let hidden_size = layout.tensors.iter().find(|spec| spec.name == C::EMBEDDING).and_then(|spec| spec.shape.get(1));
    let hidden_size = hidden_size.copied().ok_or_else(|| Error::Input(format!("no weight {}", C::EMBEDDING)))?;
    let (labels, weights) = match (has_head(&checkpoint), new_head) {
        (true, _) => {
            let labels = labels_of_config(&json)?;
            let layout = with_score(layout, C::HEAD, [labels.names().len() as i64, hidden_size]);
            (labels, checkpoint.load(&layout, kind, device)?)
        }
        (false, Some(new_head)) => {
            let weights = config.load(&checkpoint, kind, device)?;
            let std = initializer_range(json.get("initializer_range"));
            let score = score_weights(new_head, hidden_size, std, (kind, device))?;
            let kept = weights.iter().filter(|(name, _)| *name != C::HEAD);
            let kept = kept.map(|(name, weight)| (name.to_owned(), weight.shallow_clone()));
            (Labels::new(default_names(new_head.num_labels), None)?, kept.chain(score).collect())
        }
        (false, None) => return Err(no_head(dir)),
    };
    let pad_token_id = json.get("pad_token_id").and_then(serde_json::Value::as_i64);
    let model = Box::new(DecoderLm::from_parameters(config, Parameters::new(weights))?);
    Ok((DecoderClassifier { model, labels, pad_token_id }, !has_head(&checkpoint)))
}

/// The layout with the classification head in place of the output projection.
fn with_score(layout: Layout, projection: &str, shape: [i64; 2]) -> Layout {
    let mut tensors = layout.tensors;
    tensors.retain(|spec| spec.name != projection);
    tensors.push(TensorSpec::new(SCORE, shape));
    Layout { tensors, tied: None, ..layout }
}

fn score_weights(head: NewHead, hidden_size: i64, std: f64, at: (Kind, Device)) -> Result<Vec<(String, Tensor)>> {
    let tensors = vec![TensorSpec::new(SCORE, [head.num_labels, hidden_size])];
    let layout = Layout { prefix: "", tensors, tied: None, ignored: |_| false, strict: true };
    random_weights(&layout, head.seed, |_| true, |_| Init::Normal(std), at)
}
