use super::Gpt2Config;
use crate::activation::Activation;
use crate::attend::{Attend, attend};
use crate::layers::{LayerNorm, Weights, dropout, merge_heads, split_heads};
use crate::lora::AdaptedLinear;
use crate::{KvCache, Result, TokenRows};
use align_torch::gradient_checkpoint;
use tch::Tensor;

/// One pre-norm transformer block.
#[derive(Debug)]
pub(super) struct Block {
    ln_1: LayerNorm,
    attention: SelfAttention,
    ln_2: LayerNorm,
    mlp: Mlp,
}

/// What every block of a forward pass shares.
pub(super) struct Pass<'a> {
    /// Additive mask that broadcasts to `(batch, heads, seq, keys)`.
    pub mask: Option<Tensor>,
    /// Whether LibTorch's causal kernel does the masking.
    pub is_causal: bool,
    /// The rows that attention goes over, where these are not the input's.
    pub rows: Option<TokenRows>,
    pub training: bool,
    pub cache: Option<&'a mut KvCache>,
}

impl Block {
    pub fn load(w: &Weights, config: &Gpt2Config, layer: usize) -> Result<Self> {
        Ok(Self {
            ln_1: LayerNorm::load(&w.child("ln_1"), config.layer_norm_epsilon)?,
            attention: SelfAttention::load(&w.child("attn"), config, layer)?,
            ln_2: LayerNorm::load(&w.child("ln_2"), config.layer_norm_epsilon)?,
            mlp: Mlp::load(&w.child("mlp"), config)?,
        })
    }

    pub fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let x = x.f_add(&self.attention.forward(&self.ln_1.forward(x)?, pass)?)?;
        Ok(x.f_add(&self.mlp.forward(&self.ln_2.forward(&x)?, pass.training)?)?)
    }

    /// [`Block::forward`] without a cache, under gradient checkpointing.
    pub fn forward_checkpointed(&self, x: &Tensor, pass: &Pass) -> Result<Tensor> {
        let Pass { is_causal, training, .. } = *pass;
        let (block, mask) = (self.shallow_clone(), pass.mask.as_ref().map(Tensor::shallow_clone));
        let rows = pass.rows.as_ref().map(TokenRows::shallow_clone);
        gradient_checkpoint(x, training, move |x| {
            let mask = mask.as_ref().map(Tensor::shallow_clone);
            let rows = rows.as_ref().map(TokenRows::shallow_clone);
            block.forward(x, &mut Pass { mask, is_causal, rows, training, cache: None })
        })
    }

    /// The same weights, in the same memory.
    fn shallow_clone(&self) -> Self {
        Self {
            ln_1: self.ln_1.shallow_clone(),
            attention: self.attention.shallow_clone(),
            ln_2: self.ln_2.shallow_clone(),
            mlp: self.mlp.shallow_clone(),
        }
    }
}

#[derive(Debug)]
struct SelfAttention {
    c_attn: AdaptedLinear,
    c_proj: AdaptedLinear,
    layer: usize,
    n_head: i64,
    scale: f64,
    attn_pdrop: f64,
    resid_pdrop: f64,
}

impl SelfAttention {
    fn load(w: &Weights, config: &Gpt2Config, layer: usize) -> Result<Self> {
        let head_dim = (config.n_embd / config.n_head) as f64;
        let mut scale = if config.scale_attn_weights { head_dim.sqrt().recip() } else { 1.0 };
        if config.scale_attn_by_inverse_layer_idx {
            scale /= (layer + 1) as f64;
        }
        Ok(Self {
            c_attn: AdaptedLinear::load_transposed(&w.child("c_attn"))?,
            c_proj: AdaptedLinear::load_transposed(&w.child("c_proj"))?,
            layer,
            n_head: config.n_head,
            scale,
            attn_pdrop: config.attn_pdrop,
            resid_pdrop: config.resid_pdrop,
        })
    }

    fn shallow_clone(&self) -> Self {
        Self { c_attn: self.c_attn.shallow_clone(), c_proj: self.c_proj.shallow_clone(), ..*self }
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let width = x.size3()?.2;
        let mut qkv = self.c_attn.forward(x, pass.training)?;
        if let Some(rows) = &pass.rows {
            qkv = rows.spread(&qkv)?;
        }
        let head = |i: i64| split_heads(&qkv.f_narrow(2, i * width, width)?, self.n_head);
        let (query, mut key, mut value) = (head(0)?, head(1)?, head(2)?);
        let mut keys = key.size4()?.2;
        if let Some(cache) = pass.cache.as_deref_mut() {
            let all = cache.append(self.layer, &key, &value)?;
            (key, value, keys) = (all.keys, all.values, all.len);
        }
        let dropout_p = if pass.training { self.attn_pdrop } else { 0.0 };
        let how =
            Attend { keys, mask: pass.mask.as_ref(), is_causal: pass.is_causal, dropout: dropout_p, scale: self.scale };
        let mut attended = merge_heads(&attend(&query, &key, &value, &how)?)?;
        if let Some(rows) = &pass.rows {
            attended = rows.gather(&attended)?;
        }
        let projected = self.c_proj.forward(&attended, pass.training)?;
        dropout(projected, self.resid_pdrop, pass.training)
    }
}

#[derive(Debug)]
struct Mlp {
    c_fc: AdaptedLinear,
    c_proj: AdaptedLinear,
    activation: Activation,
    resid_pdrop: f64,
}

impl Mlp {
    fn load(w: &Weights, config: &Gpt2Config) -> Result<Self> {
        Ok(Self {
            c_fc: AdaptedLinear::load_transposed(&w.child("c_fc"))?,
            c_proj: AdaptedLinear::load_transposed(&w.child("c_proj"))?,
            activation: config.activation_function,
            resid_pdrop: config.resid_pdrop,
        })
    }

    fn shallow_clone(&self) -> Self {
        Self { c_fc: self.c_fc.shallow_clone(), c_proj: self.c_proj.shallow_clone(), ..*self }
    }

    fn forward(&self, x: &Tensor, training: bool) -> Result<Tensor> {
        let hidden = self.c_fc.forward_activated(x, self.activation, training)?;
        dropout(self.c_proj.forward(&hidden, training)?, self.resid_pdrop, training)
    }
}
