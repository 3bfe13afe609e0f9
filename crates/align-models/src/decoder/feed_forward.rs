use crate::Result;
use crate::layers::{Activation, Linear};
use crate::linear_layer_info::LinearLayerInfo;
use align_torch::{has_fused_nodes, silu_and_mul};
use tch::Tensor;

/// The feed-forward network of a block.
#[derive(Debug)]
pub enum FeedForward {
    /// `down(activation(up(x)))`.
    Plain {
        /// From the hidden states' width to the inner one.
        up: Linear,
        /// The non-linearity.
        activation: Activation,
        /// Back to the hidden states' width.
        down: Linear,
    },
    /// `down(activation(gate(x)) · up(x))` (arXiv:2002.05202); SwiGLU where the activation is SiLU.
    Gated {
        /// From the hidden states' width to the inner one.
        gate: Linear,
        /// From the hidden states' width to the inner one.
        up: Linear,
        /// The non-linearity of the gate.
        activation: Activation,
        /// Back to the hidden states' width.
        down: Linear,
    },
}

impl FeedForward {
    /// Maps `(…, hidden_size)` to the same shape.
    ///
    /// # Errors
    /// The input has another width.
    pub fn forward(&self, x: &Tensor, training: bool) -> Result<Tensor> {
        match self {
            Self::Plain { up, activation, down } => {
                down.forward(&up.forward_activated(x, *activation, training)?, training)
            }
            Self::Gated { gate, up, activation: Activation::Silu, down } if has_fused_nodes(x) => {
                let gate = gate.forward(x, training)?;
                down.forward(&silu_and_mul(&gate, &up.forward(x, training)?)?, training)
            }
            Self::Gated { gate, up, activation, down } => {
                let gate = gate.forward_activated(x, *activation, training)?;
                down.forward(&gate.f_mul(&up.forward(x, training)?)?, training)
            }
        }
    }

    /// Number of values per token that it saves for the backward pass, not counting its input. `fused`: whether its dtype and device have
    /// fused nodes.
    pub(super) fn saved_per_token(&self, fused: bool) -> u64 {
        let (times, up) = match self {
            Self::Plain { up, .. } => (2, up),
            Self::Gated { up, activation: Activation::Silu, .. } if fused => (3, up),
            Self::Gated { up, .. } => (4, up),
        };
        times * up.outputs().unsigned_abs()
    }

    /// Its linear layers, in the usual order of checkpoints.
    pub(super) fn linear_layers(&self, block: usize) -> Vec<LinearLayerInfo> {
        let layers = match self {
            Self::Plain { up, down, .. } => {
                vec![up.info(block, false, false), down.info(block, false, false)]
            }
            Self::Gated { gate, up, down, .. } => {
                vec![gate.info(block, false, false), up.info(block, false, true), down.info(block, false, false)]
            }
        };
        layers.into_iter().flatten().collect()
    }

    /// Clones the module. Both share the same memory.
    pub(super) fn shallow_clone(&self) -> Self {
        match self {
            Self::Plain { up, activation, down } => {
                Self::Plain { up: up.shallow_clone(), activation: *activation, down: down.shallow_clone() }
            }
            Self::Gated { gate, up, activation, down } => Self::Gated {
                gate: gate.shallow_clone(),
                up: up.shallow_clone(),
                activation: *activation,
                down: down.shallow_clone(),
            },
        }
    }
}
