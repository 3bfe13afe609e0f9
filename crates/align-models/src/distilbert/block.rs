use super::DistilBertConfig;
use crate::Result;
use crate::layers::{
    Activation, AttentionArgs, Linear, Norm, Weights, dropout, merge_heads, scaled_dot_product_attention, split_heads,
};
use align_torch::gradient_checkpoint;
use tch::Tensor;

/// The epsilon of LayerNorm, which is not in DistilBERT's config.
pub(super) const LAYER_NORM_EPS: f64 = 1e-12;

/// One post-norm transformer block.
#[derive(Debug)]
pub(super) struct Block {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    sa_layer_norm: Norm,
    lin1: Linear,
    lin2: Linear,
    output_layer_norm: Norm,
    n_heads: i64,
    activation: Activation,
    dropout: f64,
    attention_dropout: f64,
}

impl Block {
    pub fn load(w: &Weights, config: &DistilBertConfig) -> Result<Self> {
        let (attention, ffn) = (w.child("attention"), w.child("ffn"));
        Ok(Self {
            query: Linear::load(&attention.child("q_lin"), true)?,
            key: Linear::load(&attention.child("k_lin"), true)?,
            value: Linear::load(&attention.child("v_lin"), true)?,
            out: Linear::load(&attention.child("out_lin"), true)?,
            sa_layer_norm: Norm::layer(&w.child("sa_layer_norm"), LAYER_NORM_EPS, true)?,
            lin1: Linear::load(&ffn.child("lin1"), true)?,
            lin2: Linear::load(&ffn.child("lin2"), true)?,
            output_layer_norm: Norm::layer(&w.child("output_layer_norm"), LAYER_NORM_EPS, true)?,
            n_heads: config.n_heads,
            activation: config.activation,
            dropout: config.dropout,
            attention_dropout: config.attention_dropout,
        })
    }

    /// `(batch, seq, dim)` to the same shape.
    pub fn forward(&self, x: &Tensor, mask: Option<&Tensor>, training: bool) -> Result<Tensor> {
        self.forward_of(x, x, mask, training)
    }

    /// Like [`Block::forward`], for the first position only, `(batch, 1, dim)`, because the classifier uses no other.
    pub fn forward_first(&self, x: &Tensor, mask: Option<&Tensor>, training: bool) -> Result<Tensor> {
        self.forward_of(&x.f_narrow(1, 0, 1)?, x, mask, training)
    }

    /// Like [`Block::forward`], or [`Block::forward_first`] if `first`, with gradient checkpointing.
    pub fn forward_checkpointed(
        &self,
        x: &Tensor,
        mask: Option<&Tensor>,
        training: bool,
        first: bool,
    ) -> Result<Tensor> {
        let (block, mask) = (self.shallow_clone(), mask.map(Tensor::shallow_clone));
        gradient_checkpoint(x, training, move |x| match first {
            true => block.forward_first(x, mask.as_ref(), training),
            false => block.forward(x, mask.as_ref(), training),
        })
    }

    /// Clones the block. Both share the same memory.
    fn shallow_clone(&self) -> Self {
        Self {
            query: self.query.shallow_clone(),
            key: self.key.shallow_clone(),
            value: self.value.shallow_clone(),
            out: self.out.shallow_clone(),
            sa_layer_norm: self.sa_layer_norm.shallow_clone(),
            lin1: self.lin1.shallow_clone(),
            lin2: self.lin2.shallow_clone(),
            output_layer_norm: self.output_layer_norm.shallow_clone(),
            ..*self
        }
    }

    /// The output at the positions of `of`, which attend to all of `x`.
    fn forward_of(&self, of: &Tensor, x: &Tensor, mask: Option<&Tensor>, training: bool) -> Result<Tensor> {
        let heads = |linear: &Linear, x: &Tensor| split_heads(&linear.forward(x, training)?, self.n_heads);
        let dropout_p = if training { self.attention_dropout } else { 0.0 };
        let (query, key, value) = (heads(&self.query, of)?, heads(&self.key, x)?, heads(&self.value, x)?);
        let scale = (query.size4()?.3 as f64).sqrt().recip();
        let (key_len, softcap) = (key.size4()?.2, None);
        let args = AttentionArgs { key_len, mask, is_causal: false, dropout: dropout_p, scale, softcap };
        let attended = scaled_dot_product_attention(&query, &key, &value, &args)?;
        let of = self.sa_layer_norm.forward(&of.f_add(&self.out.forward(&merge_heads(&attended)?, training)?)?)?;
        let inner = self.lin1.forward_activated(&of, self.activation, training)?;
        let fed = dropout(self.lin2.forward(&inner, training)?, self.dropout, training)?;
        self.output_layer_norm.forward(&of.f_add(&fed)?)
    }
}
