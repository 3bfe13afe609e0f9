//! The penalty on the squared distance between the hidden states of the policy and of the reference model.

use super::SequenceTokens;
use crate::config::DpoConfig;
use crate::{Error, Result};
use align_losses::hidden_distance;
use align_models::{Attention, CausalLm};
use tch::{Kind, Tensor};

/// The penalty: its coefficient and the layers that are compared. The distance is a mean over the positions that predict completion tokens.
#[derive(Debug)]
pub(crate) struct HiddenDistance {
    pub coefficient: f64,
    /// The indices of the layers in the hidden states of a model.
    layers: Vec<usize>,
}

impl HiddenDistance {
    /// The penalty that the options describe, if they do. Checks that both models have the layers.
    pub fn new(config: &DpoConfig, policy: &dyn CausalLm, reference: Option<&dyn CausalLm>) -> Result<Option<Self>> {
        if config.hidden_distance_coef == 0.0 {
            return Ok(None);
        }
        let sizes = sizes(policy)?;
        if let Some(reference) = reference {
            let others = self::sizes(reference)?;
            if others != sizes {
                let text = |sizes: &[i64]| {
                    format!("{} blocks of width {}", sizes.len().saturating_sub(1), sizes.last().unwrap_or(&0))
                };
                let reason = format!(
                    "compares hidden states, but the policy has {}, the reference model {}: use a reference model of the same sizes",
                    text(&sizes),
                    text(&others)
                );
                return Err(Error::Config { option: "hidden_distance_coef", reason });
            }
        }
        let blocks = sizes.len().saturating_sub(1);
        let layers = config.hidden_distance_layers.clone().unwrap_or_default().indices(blocks).map_err(|layer| {
            let reason =
                format!("has layer {layer}, expected layers from 0 (the embeddings) to {blocks}, which the model has");
            Error::Config { option: "hidden_distance_layers", reason }
        })?;
        Ok(Some(Self { coefficient: config.hidden_distance_coef, layers }))
    }

    /// The compared hidden states at the positions that predict `tokens`, each `(n, hidden_size)`, from those of all layers and positions.
    pub fn select(&self, states: &[Tensor], tokens: &SequenceTokens) -> Result<Vec<Tensor>> {
        self.layers.iter().filter_map(|layer| states.get(*layer)).map(|state| tokens.select_hidden(state)).collect()
    }

    /// The sum of the distances over all tokens, one number; differentiable with respect to the policy's hidden states. Both are what
    /// [`HiddenDistance::select`] returned.
    pub fn sum(&self, policy: &[Tensor], reference: &[Tensor]) -> Result<Tensor> {
        let distance = hidden_distance(policy, reference)?;
        Ok(distance.f_sum(distance.kind())?)
    }
}

/// The width of the hidden states of each layer.
fn sizes(model: &dyn CausalLm) -> Result<Vec<i64>> {
    let token = Tensor::f_zeros([1, 1], (Kind::Int64, model.device()))?;
    let states = tch::no_grad(|| model.hidden_states(&token, None, &Attention::Causal))?;
    Ok(states.iter().map(|state| state.size().last().copied().unwrap_or_default()).collect())
}
