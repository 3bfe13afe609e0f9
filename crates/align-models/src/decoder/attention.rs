use super::ForwardContext;
use crate::Result;
use crate::layers::{AttentionArgs, Linear, Norm, merge_heads, scaled_dot_product_attention, split_heads};
use crate::linear_layer_info::LinearLayerInfo;
use align_torch::DecodingAttention;
use tch::Tensor;

/// Causal self-attention, optionally with fewer key and value heads (grouped-query attention, arXiv:2305.13245).
#[derive(Debug)]
pub struct SelfAttention {
    /// The projections to queries, keys and values.
    pub projections: Projections,
    /// The projection of the concatenated heads.
    pub output: Linear,
    /// Number of query heads.
    pub heads: i64,
    /// Number of key and value heads, a divisor of the number of query heads.
    pub kv_heads: i64,
    /// Width of a head.
    pub head_dim: i64,
    /// Scale of the scores, usually `1 / √head_dim`.
    pub scale: f64,
    /// QK-norm: norms of the queries and keys of each head before the rotary embedding, as in Qwen3.
    pub qk_norms: Option<[Norm; 2]>,
    /// Sliding window: each token attends to itself and to the `window - 1` before it. All windows of a decoder are equal.
    pub window: Option<i64>,
    /// Scores `s` become `cap · tanh(s / cap)`, as in Gemma 2.
    pub softcap: Option<f64>,
    /// Dropout probability of the attention weights.
    pub dropout: f64,
}

/// The linear projections of the input of attention.
// A model has one of these per block, and never moves them.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub enum Projections {
    /// A single projection to concatenated queries, keys and values.
    Fused(Linear),
    /// Separate projections.
    Separate {
        /// To `heads · head_dim`.
        query: Linear,
        /// To `kv_heads · head_dim`.
        key: Linear,
        /// To `kv_heads · head_dim`.
        value: Linear,
    },
}

impl SelfAttention {
    /// Maps `(batch, seq, hidden_size)` to the same shape. `layer` is the index of the block, which selects its keys and values in the
    /// cache.
    ///
    /// # Errors
    /// Shapes that do not match, or a full cache.
    pub fn forward(&self, x: &Tensor, layer: usize, context: &mut ForwardContext) -> Result<Tensor> {
        let [query, key, value] = self.project_qkv(x, context)?;
        let mut query = split_heads(&query, self.heads)?;
        let (mut key, mut value) = (split_heads(&key, self.kv_heads)?, split_heads(&value, self.kv_heads)?);
        if let Some([query_norm, key_norm]) = &self.qk_norms {
            (query, key) = (query_norm.forward(&query)?, key_norm.forward(&key)?);
        }
        if let Some(rotation) = &context.view(self.window).rotation {
            (query, key) = (rotation.apply(&query)?, rotation.apply(&key)?);
        }
        let mut key_len = key.size4()?.2;
        let records_graph = [&query, &key, &value].iter().any(|x| x.requires_grad());
        if let Some(cache) = context.cache.as_deref_mut() {
            if context.is_decoding_step && !records_graph {
                let attention = DecodingAttention { scale: self.scale, softcap: self.softcap, window: self.window };
                let attended = cache.append_and_attend(layer, [&query, &key, &value], attention)?;
                return self.output.forward(&merge_heads(&attended)?, context.training);
            }
            let cached = cache.append(layer, &key, &value)?;
            (key, value, key_len) = (cached.keys, cached.values, cached.len);
        }
        let dropout = if context.training { self.dropout } else { 0.0 };
        let view = context.view(self.window);
        let args = AttentionArgs {
            key_len,
            mask: view.mask.as_ref(),
            is_causal: view.is_causal,
            dropout,
            scale: self.scale,
            softcap: self.softcap,
        };
        let mut attended = merge_heads(&scaled_dot_product_attention(&query, &key, &value, &args)?)?;
        if let Some(rows) = &context.rows {
            attended = rows.collect_tokens(&attended)?;
        }
        self.output.forward(&attended, context.training)
    }

    /// Computes queries, keys and values, expanded to the rows of attention.
    fn project_qkv(&self, x: &Tensor, context: &ForwardContext) -> Result<[Tensor; 3]> {
        let to_rows = |x: Tensor| match &context.rows {
            Some(rows) => rows.expand_to_rows(&x),
            None => Ok(x),
        };
        let project = |linear: &Linear| to_rows(linear.forward(x, context.training)?);
        match &self.projections {
            Projections::Separate { query, key, value } => Ok([project(query)?, project(key)?, project(value)?]),
            Projections::Fused(linear) => {
                let qkv = project(linear)?;
                let (q_dim, kv_dim) = (self.heads * self.head_dim, self.kv_heads * self.head_dim);
                let slice = |start: i64, width: i64| qkv.f_narrow(2, start, width);
                Ok([slice(0, q_dim)?, slice(q_dim, kv_dim)?, slice(q_dim + kv_dim, kv_dim)?])
            }
        }
    }

    /// The linear layers, in the order of checkpoints.
    pub(super) fn linear_layers(&self, block: usize) -> Vec<LinearLayerInfo> {
        // Attention saves its queries, keys, values and output for the backward pass.
        let mut layers = match &self.projections {
            Projections::Fused(linear) => vec![linear.info(block, false, false)],
            Projections::Separate { query, key, value } => {
                vec![query.info(block, false, false), key.info(block, false, true), value.info(block, false, true)]
            }
        };
        layers.push(self.output.info(block, true, false));
        layers.into_iter().flatten().collect()
    }

    /// Clones the module. Both share the same memory.
    pub(super) fn shallow_clone(&self) -> Self {
        let projections = match &self.projections {
            Projections::Fused(linear) => Projections::Fused(linear.shallow_clone()),
            Projections::Separate { query, key, value } => Projections::Separate {
                query: query.shallow_clone(),
                key: key.shallow_clone(),
                value: value.shallow_clone(),
            },
        };
        let qk_norms = self.qk_norms.as_ref().map(|norms| norms.each_ref().map(Norm::shallow_clone));
        Self { projections, output: self.output.shallow_clone(), qk_norms, ..*self }
    }
}
