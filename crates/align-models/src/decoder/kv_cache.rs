use crate::{Error, Result};
use tch::{Device, Kind, Tensor};

/// Minimum number of slots by which a cache grows.
const LEAST_GROWTH: i64 = 16;

/// The key-value cache of a decoder.
///
/// The buffers grow a good many places at a time, up to the capacity, and what is not written yet is 0. So attention can
/// multiply whole buffers: LibTorch copies a batch of matrices that does not lie close together before it multiplies. On a CPU
/// keys are held transposed, as the product with a few queries reads them (oneDNN is up to 7 times as fast with it).
#[derive(Debug)]
pub struct KvCache {
    /// `(keys, values)` of each layer, `(batch, kv_heads, room, head_dim)`. On a CPU the last two dimensions of the keys are transposed.
    layers: Vec<(Tensor, Tensor)>,
    /// Number of query heads, for memory estimates.
    query_heads: i64,
    len: i64,
    capacity: i64,
}

/// Keys and values to attend to.
#[derive(Debug)]
pub struct Cached {
    /// `(batch, heads, room, head_dim)`.
    pub keys: Tensor,
    /// `(batch, heads, room, head_dim)`.
    pub values: Tensor,
    /// Number of slots with tokens; the others are 0.
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
        Self { layers, query_heads: heads, len: 0, capacity }
    }

    /// Sets the number of query heads, if it differs from that of key and value heads.
    #[must_use]
    pub fn with_query_heads(self, query_heads: i64) -> Self {
        Self { query_heads, ..self }
    }

    /// Bytes per token and row over all layers.
    pub(crate) fn bytes_per_token(&self) -> u64 {
        let of = |(_, values): &(Tensor, Tensor)| match values.size().as_slice() {
            &[_, heads, _, head_dim] => {
                2 * (heads * head_dim).unsigned_abs() * values.kind().elt_size_in_bytes() as u64
            }
            _ => 0,
        };
        self.layers.iter().map(of).sum()
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

    /// Writes `(batch, kv_heads, seq, head_dim)` behind the held tokens of `layer` and returns all keys and values, the new ones
    /// included. [`KvCache::advance`] is called once after the last layer.
    ///
    /// # Errors
    /// A layer that does not exist, or more tokens than the capacity.
    pub fn append(&mut self, layer: usize, keys: &Tensor, values: &Tensor) -> Result<Cached> {
        let seq = keys.size4()?.2;
        let len = self.len + seq;
        if len > self.capacity {
            return Err(Error::Input(format!(
                "the KV cache holds {} tokens a row, {len} are needed: make it larger with new_cache(batch, capacity)",
                self.capacity
            )));
        }
        let (layers, held, capacity) = (self.layers.len(), self.len, self.capacity);
        let Some((k, v)) = self.layers.get_mut(layer) else {
            return Err(Error::Input(format!("the KV cache has {layers} layers, layer {layer} was asked for")));
        };
        let turned = k.device() == Device::Cpu;
        let new_keys = if turned { keys.f_transpose(2, 3)? } else { keys.shallow_clone() };
        for (buffer, places, new) in [(&mut *k, if turned { 3 } else { 2 }, &new_keys), (&mut *v, 2, values)] {
            if buffer.size().get(places as usize).is_none_or(|room| *room < len) {
                let room = (len + LEAST_GROWTH.max(8 * seq)).min(capacity);
                *buffer = grown(buffer, places, held, room)?;
            }
            buffer.f_narrow(places, held, seq)?.f_copy_(new)?;
        }
        let keys = if turned { k.f_transpose(2, 3)? } else { k.shallow_clone() };
        Ok(Cached { keys, values: v.shallow_clone(), len })
    }

    /// Adds `seq` appended tokens to the length.
    pub fn advance(&mut self, seq: i64) {
        self.len += seq;
    }

    /// Replaces each row `i` by the old row `rows[i]`. `rows` is int64 `(new_batch)`, and may be longer or shorter than the batch.
    ///
    /// # Errors
    /// Row numbers outside the batch.
    pub fn reorder(&mut self, rows: &Tensor) -> Result<()> {
        for (k, v) in &mut self.layers {
            for buffer in [k, v] {
                *buffer = buffer.f_index_select(0, rows)?;
            }
        }
        Ok(())
    }
}

/// A copy of `old` with `room` slots along the dimension `places`, of which the first `held` are copied.
fn grown(old: &Tensor, places: i64, held: i64, room: i64) -> Result<Tensor> {
    let mut shape = old.size();
    if let Some(all) = shape.get_mut(places as usize) {
        *all = room;
    }
    let new = Tensor::f_zeros(&shape, (old.kind(), old.device()))?;
    new.f_narrow(places, 0, held)?.f_copy_(&old.f_narrow(places, 0, held)?)?;
    Ok(new)
}
