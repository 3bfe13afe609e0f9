use crate::{Error, Result};
use tch::{Device, Kind, Tensor};

/// Minimum number of slots by which a cache grows.
const MIN_GROWTH: i64 = 16;

/// The key-value cache of a decoder.
///
/// The buffers grow by several slots at a time, up to the capacity, and unused slots are 0. So attention can multiply whole buffers, which
/// are contiguous: LibTorch copies non-contiguous matrices before a batched product. On a CPU keys are stored transposed, which makes the
/// product with a few queries up to 7 times as fast in oneDNN.
#[derive(Debug)]
pub struct KvCache {
    /// `(keys, values)` of each layer, `(batch, kv_heads, slots, head_dim)`. On a CPU the last two dimensions of the keys are transposed.
    layers: Vec<(Tensor, Tensor)>,
    /// Number of query heads, for memory estimates.
    query_heads: i64,
    len: i64,
    capacity: i64,
    /// Length of the longest text so far, without padding, for dynamic rotary embeddings.
    longest: i64,
}

/// The keys and values of one layer, including those of unused slots.
#[derive(Debug)]
pub struct CachedKeysValues {
    /// `(batch, kv_heads, slots, head_dim)`.
    pub keys: Tensor,
    /// `(batch, kv_heads, slots, head_dim)`.
    pub values: Tensor,
    /// Number of slots with tokens; the remaining slots are 0.
    pub len: i64,
}

impl KvCache {
    /// Creates an empty cache of shape `(batch, kv_heads, capacity, head_dim)`.
    #[must_use]
    pub fn new(layers: usize, shape: [i64; 4], kind: Kind, device: Device) -> Self {
        let [batch, heads, capacity, head_dim] = shape;
        let options = (kind, device);
        let buffer = || Tensor::zeros([batch, heads, 0, head_dim], options);
        let keys =
            || if device == Device::Cpu { Tensor::zeros([batch, heads, head_dim, 0], options) } else { buffer() };
        let layers = (0..layers).map(|_| (keys(), buffer())).collect();
        Self { layers, query_heads: heads, len: 0, capacity, longest: 0 }
    }

    /// Sets the number of query heads, if it differs from the number of key and value heads.
    #[must_use]
    pub fn with_query_heads(self, query_heads: i64) -> Self {
        Self { query_heads, ..self }
    }

    /// Bytes per token and row over all layers.
    pub(crate) fn bytes_per_token(&self) -> u64 {
        let layer_bytes = |(_, values): &(Tensor, Tensor)| match values.size().as_slice() {
            &[_, heads, _, head_dim] => {
                2 * (heads * head_dim).unsigned_abs() * values.kind().elt_size_in_bytes() as u64
            }
            _ => 0,
        };
        self.layers.iter().map(layer_bytes).sum()
    }

    /// Number of query heads per layer.
    pub(crate) fn query_heads(&self) -> u64 {
        self.query_heads.unsigned_abs()
    }

    /// Number of tokens per row.
    #[must_use]
    pub fn len(&self) -> i64 {
        self.len
    }

    /// Whether the cache is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Maximum number of tokens per row.
    #[must_use]
    pub fn capacity(&self) -> i64 {
        self.capacity
    }

    /// Takes note of a pass over texts of up to `length` tokens, and returns the longest length so far. Each pass adds a token to it at
    /// least, as in transformers, where a finished text stays in its batch.
    pub(super) fn lengthen(&mut self, length: i64) -> i64 {
        self.longest = if self.longest == 0 { length } else { length.max(self.longest + 1) };
        self.longest
    }

    /// Appends keys and values, `(batch, kv_heads, seq, head_dim)`, to the cached tokens of `layer`, and returns all keys and values of the
    /// layer, including the new ones. Call [`KvCache::advance`] once after the last layer.
    ///
    /// # Errors
    /// The layer does not exist, or the capacity is too small.
    pub fn append(&mut self, layer: usize, keys: &Tensor, values: &Tensor) -> Result<CachedKeysValues> {
        let seq = keys.size4()?.2;
        let len = self.len + seq;
        if len > self.capacity {
            return Err(Error::Input(format!(
                "the KV cache has a capacity of {} tokens per row, but {len} are needed: create it with a larger capacity",
                self.capacity
            )));
        }
        let (layers, past, capacity) = (self.layers.len(), self.len, self.capacity);
        let Some((k, v)) = self.layers.get_mut(layer) else {
            return Err(Error::Input(format!("layer {layer} does not exist: the KV cache has {layers} layers")));
        };
        let transposed = k.device() == Device::Cpu;
        let new_keys = if transposed { keys.f_transpose(2, 3)? } else { keys.shallow_clone() };
        for (buffer, dim, new) in [(&mut *k, if transposed { 3 } else { 2 }, &new_keys), (&mut *v, 2, values)] {
            if buffer.size().get(dim as usize).is_none_or(|slots| *slots < len) {
                let slots = (len + MIN_GROWTH.max(8 * seq)).min(capacity);
                *buffer = resized(buffer, dim, past, slots)?;
            }
            buffer.f_narrow(dim, past, seq)?.f_copy_(new)?;
        }
        let keys = if transposed { k.f_transpose(2, 3)? } else { k.shallow_clone() };
        Ok(CachedKeysValues { keys, values: v.shallow_clone(), len })
    }

    /// Adds `seq` appended tokens to the length.
    pub fn advance(&mut self, seq: i64) {
        self.len += seq;
    }

    /// Replaces each row `i` by the old row `rows[i]`. `rows` is int64 `(new_batch)`, and may be longer or shorter than the batch.
    ///
    /// # Errors
    /// Row indices outside the batch.
    pub fn reorder(&mut self, rows: &Tensor) -> Result<()> {
        for (k, v) in &mut self.layers {
            for buffer in [k, v] {
                *buffer = buffer.f_index_select(0, rows)?;
            }
        }
        Ok(())
    }
}

/// A buffer with `slots` slots along the dimension `dim`, with the first `used` slots of `old`.
fn resized(old: &Tensor, dim: i64, used: i64, slots: i64) -> Result<Tensor> {
    let mut shape = old.size();
    if let Some(size) = shape.get_mut(dim as usize) {
        *size = slots;
    }
    let new = Tensor::f_zeros(&shape, (old.kind(), old.device()))?;
    new.f_narrow(dim, 0, used)?.f_copy_(&old.f_narrow(dim, 0, used)?)?;
    Ok(new)
}
