//! Loading DistilBERT, including checkpoints without a classifier or position embeddings.

use super::config::POSITIONS;
use super::positions::sinusoidal;
use super::{DistilBert, DistilBertConfig};
use crate::checkpoint::{Checkpoint, Layout};
use crate::{NewHead, Parameters, Result};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// The tensors of the classifier, which a checkpoint of the encoder alone lacks.
const HEAD: [&str; 4] = ["pre_classifier.weight", "pre_classifier.bias", "classifier.weight", "classifier.bias"];

impl DistilBert {
    /// Loads a model from a folder that transformers saved, in evaluation mode, with gradients off. Sinusoidal position embeddings are
    /// computed if they are not stored.
    ///
    /// # Errors
    /// The config or the checkpoint cannot be read, or they do not match: see [`checkpoint::load`](crate::checkpoint::load).
    pub fn from_pretrained(dir: &Path, kind: Kind, device: Device) -> Result<Self> {
        let config = DistilBertConfig::from_pretrained(dir)?;
        let (checkpoint, layout) = (Checkpoint::open(dir)?, config.layout());
        let computed = computed(&config, &checkpoint.missing(&layout), (kind, device))?;
        let parameters = merge_in_layout_order(&checkpoint, layout, computed, (kind, device))?;
        Self::from_parameters(config, parameters)
    }

    /// Loads a model for training. If the checkpoint has no classifier, because it is that of the encoder or of a masked language model, a
    /// new classifier is initialised with `seed` as in [`DistilBert::new_random`], with the outputs that the config names. The second value is whether this was done.
    ///
    /// # Errors
    /// The errors of [`DistilBert::from_pretrained`]; only a part of the classifier is stored.
    pub fn from_pretrained_for_training(dir: &Path, seed: u64, kind: Kind, device: Device) -> Result<(Self, bool)> {
        Self::with_head(dir, None, seed, (kind, device))
    }

    /// Like [`DistilBert::from_pretrained_for_training`]; a new classifier has `num_labels` outputs.
    ///
    /// # Errors
    /// The errors of [`DistilBert::from_pretrained_for_training`].
    pub fn from_pretrained_with_new_head(
        dir: &Path,
        new_head: NewHead,
        kind: Kind,
        device: Device,
    ) -> Result<(Self, bool)> {
        Self::with_head(dir, Some(new_head.num_labels), new_head.seed, (kind, device))
    }

    fn with_head(
        dir: &Path,
        num_labels: Option<i64>,
        seed: u64,
        (kind, device): (Kind, Device),
    ) -> Result<(Self, bool)> {
        let mut config = DistilBertConfig::from_pretrained(dir)?;
        let checkpoint = Checkpoint::open(dir)?;
        let missing = checkpoint.missing(&config.layout());
        let mut made = computed(&config, &missing, (kind, device))?;
        let new_head = HEAD.iter().all(|name| missing.iter().any(|missing| missing == name));
        if let Some(num_labels) = num_labels.filter(|_| new_head) {
            config.set_num_labels(num_labels);
        }
        let layout = config.layout();
        if new_head {
            made.extend(super::random::random_weights_where(
                &config,
                seed,
                |name| HEAD.contains(&name),
                (kind, device),
            )?);
        }
        let parameters = merge_in_layout_order(&checkpoint, layout, made, (kind, device))?;
        Ok((Self::from_parameters(config, parameters)?, new_head))
    }
}

/// The missing weights that can be computed from the config.
fn computed(config: &DistilBertConfig, missing: &[String], at: (Kind, Device)) -> Result<Vec<(String, Tensor)>> {
    if !config.sinusoidal_pos_embds() || missing.iter().all(|name| name != POSITIONS) {
        return Ok(Vec::new());
    }
    let positions = sinusoidal(config.max_position_embeddings, config.dim)?;
    Ok(vec![(POSITIONS.to_owned(), positions.f_to_kind(at.0)?.f_to_device(at.1)?)])
}

/// Merges the weights of the checkpoint with `made` weights, in the order of the layout.
fn merge_in_layout_order(
    checkpoint: &Checkpoint,
    layout: Layout,
    made: Vec<(String, Tensor)>,
    (kind, device): (Kind, Device),
) -> Result<Parameters> {
    let order: Vec<String> = layout.tensors.iter().map(|spec| spec.name.clone()).collect();
    let is_made = |name: &str| made.iter().any(|(made, _)| made == name);
    let stored = layout.tensors.iter().filter(|spec| !is_made(&spec.name)).cloned().collect();
    let mut all = checkpoint.load(&Layout { tensors: stored, ..layout }, kind, device)?;
    all.extend(made);
    all.sort_by_key(|(name, _)| order.iter().position(|other| other == name));
    Ok(Parameters::new(all))
}
