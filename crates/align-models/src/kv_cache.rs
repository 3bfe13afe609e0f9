use crate::{Error, Result};
use tch::{Device, Kind, Tensor};

/// Keys and values of the tokens seen so far, in buffers of a fixed capacity.
#[derive(Debug)]
pub struct KvCache {
    /// One `(keys, values)` a layer, each `(batch, heads, capacity, head_dim)`.
    layers: Vec<(Tensor, Tensor)>,
    len: i64,
    capacity: i64,
}

impl KvCache {
    /// An empty cache.
    #[must_use]
    pub fn new(layers: usize, shape: [i64; 4], kind: Kind, device: Device) -> Self {
        let buffer = || Tensor::empty(shape, (kind, device));
        let layers = (0..layers).map(|_| (buffer(), buffer())).collect();
        Self { layers, len: 0, capacity: shape[2] }
    }

    /// Tokens held a row.
    #[must_use]
    pub fn len(&self) -> i64 {
        self.len
    }

    /// Whether no token is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Most tokens a row can hold.
    #[must_use]
    pub fn capacity(&self) -> i64 {
        self.capacity
    }

    /// Writes `(batch, heads, seq, head_dim)` behind the held tokens of `layer` and returns views of all keys and values,
    /// the new ones included. [`KvCache::advance`] is called once after the last layer.
    ///
    /// # Errors
    /// A layer that does not exist, or more tokens than the capacity.
    pub fn append(&mut self, layer: usize, keys: &Tensor, values: &Tensor) -> Result<(Tensor, Tensor)> {
        let seq = keys.size().get(2).copied().unwrap_or(0);
        let total = self.len + seq;
        if total > self.capacity {
            return Err(Error::Input(format!(
                "the KV cache holds {} tokens a row, {total} are needed: make it larger with new_cache(batch, capacity)",
                self.capacity
            )));
        }
        let Some((k, v)) = self.layers.get(layer) else {
            return Err(Error::Input(format!(
                "the KV cache has {} layers, layer {layer} was asked for",
                self.layers.len()
            )));
        };
        k.f_narrow(2, self.len, seq)?.f_copy_(keys)?;
        v.f_narrow(2, self.len, seq)?.f_copy_(values)?;
        Ok((k.f_narrow(2, 0, total)?, v.f_narrow(2, 0, total)?))
    }

    /// Counts `seq` appended tokens as held.
    pub fn advance(&mut self, seq: i64) {
        self.len += seq;
    }

    /// Makes row `i` what row `rows[i]` was: beam search's step from one set of beams to the next. `rows` is int64,
    /// `(new_batch)`; it may be longer or shorter than the batch.
    ///
    /// # Errors
    /// Row numbers outside the batch.
    pub fn reorder(&mut self, rows: &Tensor) -> Result<()> {
        for (k, v) in &mut self.layers {
            for buffer in [k, v] {
                let held = buffer.f_narrow(2, 0, self.len)?.f_index_select(0, rows)?;
                let mut shape = buffer.size();
                if let (Some(batch), Some(new)) = (shape.first_mut(), held.size().first())
                    && batch != new
                {
                    *batch = *new;
                    *buffer = Tensor::f_empty(&shape, (buffer.kind(), buffer.device()))?;
                }
                buffer.f_narrow(2, 0, self.len)?.f_copy_(&held)?;
            }
        }
        Ok(())
    }
}
