use super::{FeedForward, ForwardContext, SelfAttention};
use crate::Result;
use crate::layers::{Norm, dropout};
use crate::linear_layer_info::LinearLayerInfo;
use align_torch::gradient_checkpoint;
use tch::Tensor;

/// A pre-norm transformer block: `x = x + attention(norm(x))`, then `x + feed_forward(norm(x))`, where the outputs of attention and of the
/// feed-forward network may be normalised too.
#[derive(Debug)]
pub struct Block {
    /// The norm before attention.
    pub attention_norm: Norm,
    /// Self-attention.
    pub attention: SelfAttention,
    /// The norm of the output of attention, as in Gemma 2.
    pub attention_output_norm: Option<Norm>,
    /// The norm before the feed-forward network.
    pub feed_forward_norm: Norm,
    /// The feed-forward network.
    pub feed_forward: FeedForward,
    /// The norm of the output of the feed-forward network, as in Gemma 2.
    pub feed_forward_output_norm: Option<Norm>,
    /// Dropout probability of the outputs of attention and the feed-forward network.
    pub dropout: f64,
}

impl Block {
    /// Maps `(batch, seq, hidden_size)` to the same shape. `layer` is the index of the block.
    ///
    /// # Errors
    /// The errors of [`SelfAttention::forward`].
    pub fn forward(&self, x: &Tensor, layer: usize, context: &mut ForwardContext) -> Result<Tensor> {
        let training = context.training;
        let attended = self.attention.forward(&self.attention_norm.forward(x)?, layer, context)?;
        let attended = normalised(attended, self.attention_output_norm.as_ref())?;
        let x = x.f_add(&dropout(attended, self.dropout, training)?)?;
        let feed_forward = self.feed_forward.forward(&self.feed_forward_norm.forward(&x)?, training)?;
        let feed_forward = normalised(feed_forward, self.feed_forward_output_norm.as_ref())?;
        Ok(x.f_add(&dropout(feed_forward, self.dropout, training)?)?)
    }

    /// Like [`Block::forward`] without a cache, with gradient checkpointing.
    pub(super) fn forward_checkpointed(&self, x: &Tensor, layer: usize, context: &ForwardContext) -> Result<Tensor> {
        let (block, context) = (self.shallow_clone(), context.without_cache());
        gradient_checkpoint(x, context.training, move |x| block.forward(x, layer, &mut context.without_cache()))
    }

    /// The linear layers, in the order of checkpoints.
    pub(super) fn linear_layers(&self, block: usize) -> Vec<LinearLayerInfo> {
        [self.attention.linear_layers(block), self.feed_forward.linear_layers(block)].concat()
    }

    /// Clones the block. Both share the same memory.
    fn shallow_clone(&self) -> Self {
        Self {
            attention_norm: self.attention_norm.shallow_clone(),
            attention: self.attention.shallow_clone(),
            attention_output_norm: self.attention_output_norm.as_ref().map(Norm::shallow_clone),
            feed_forward_norm: self.feed_forward_norm.shallow_clone(),
            feed_forward: self.feed_forward.shallow_clone(),
            feed_forward_output_norm: self.feed_forward_output_norm.as_ref().map(Norm::shallow_clone),
            dropout: self.dropout,
        }
    }
}

fn normalised(x: Tensor, norm: Option<&Norm>) -> Result<Tensor> {
    norm.map_or_else(|| Ok(x.shallow_clone()), |norm| norm.forward(&x))
}
