//! Weights from a folder, and those that it may lack.

use super::config::POSITIONS;
use super::positions::sinusoidal;
use super::{DistilBert, DistilBertConfig};
use crate::checkpoint::{Checkpoint, Layout};
use crate::{Parameters, Result};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// The tensors of the classifier, which a checkpoint of the encoder alone lacks.
const HEAD: [&str; 4] = ["pre_classifier.weight", "pre_classifier.bias", "classifier.weight", "classifier.bias"];

impl DistilBert {
    /// Loads a folder in transformers' layout, in evaluation mode, with gradients off. Sinusoidal positions are computed where they
    /// are not stored.
    ///
    /// # Errors
    /// A config or checkpoint that cannot be read, or that do not fit each other: see [`checkpoint::load`](crate::checkpoint::load).
    pub fn from_pretrained(dir: &Path, kind: Kind, device: Device) -> Result<Self> {
        let config = DistilBertConfig::from_pretrained(dir)?;
        let (checkpoint, layout) = (Checkpoint::open(dir)?, config.layout());
        let computed = computed(&config, &checkpoint.missing(&layout), (kind, device))?;
        let parameters = merge_in_layout_order(&checkpoint, layout, computed, (kind, device))?;
        Self::from_parameters(config, parameters)
    }

    /// The same for training: a checkpoint without any tensor of the classifier (that of the encoder alone, or of a masked language
    /// model) gets a new one, drawn by `seed` as [`DistilBert::new_random`] draws it. The second value says whether it did.
    ///
    /// # Errors
    /// As [`DistilBert::from_pretrained`]; a classifier of which only a part is stored.
    pub fn from_pretrained_for_training(dir: &Path, seed: u64, kind: Kind, device: Device) -> Result<(Self, bool)> {
        let config = DistilBertConfig::from_pretrained(dir)?;
        let (checkpoint, layout) = (Checkpoint::open(dir)?, config.layout());
        let missing = checkpoint.missing(&layout);
        let mut made = computed(&config, &missing, (kind, device))?;
        let new_head = HEAD.iter().all(|name| missing.iter().any(|missing| missing == name));
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

/// The weights that the config says how to compute, of those that are missing.
fn computed(config: &DistilBertConfig, missing: &[String], at: (Kind, Device)) -> Result<Vec<(String, Tensor)>> {
    if !config.sinusoidal_pos_embds() || missing.iter().all(|name| name != POSITIONS) {
        return Ok(Vec::new());
    }
    let positions = sinusoidal(config.max_position_embeddings, config.dim)?;
    Ok(vec![(POSITIONS.to_owned(), positions.f_to_kind(at.0)?.f_to_device(at.1)?)])
}

/// The checkpoint's weights and those that were made, in the layout's order.
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
