use crate::{Error, Result};
use align_torch::{DecodingAttention, has_decoding_attention};
use tch::{Device, Kind, Tensor};

/// Minimum number of slots by which a cache grows.
const MIN_GROWTH: i64 = 16;

/// The key-value cache of a decoder.
///
/// The buffers grow by several slots at a time, up to the capacity, and unused slots hold finite numbers. So attention can multiply whole buffers, which
/// are contiguous: LibTorch copies non-contiguous matrices before a batched product. On a CPU keys are stored transposed, which makes the
/// product with a few queries up to 7 times as fast in oneDNN.
#[derive(Debug)]
pub struct KvCache {
    /// `(keys, values)` of each layer, `(batch, kv_heads, slots, head_dim)`. On a CPU the last two dimensions of the keys are transposed.
    layers: Vec<(Tensor, Tensor)>,
    /// Number of query heads, for memory estimates.
    query_heads: i64,
    /// Number of tokens in each row.
    lengths: Vec<i64>,
    capacity: i64,
    /// Whether rows may have different lengths.
    ragged: bool,
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
    /// Number of slots with tokens; the remaining slots must be excluded.
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
        let lengths = vec![0; usize::try_from(batch).unwrap_or(0)];
        let ragged = has_decoding_attention(kind, device);
        Self { layers, query_heads: heads, lengths, capacity, ragged, longest: 0 }
    }

    /// Sets the number of query heads, if it differs from the number of key and value heads.
    #[must_use]
    pub fn with_query_heads(self, query_heads: i64) -> Self {
        Self { query_heads, ..self }
    }

    /// Requires that all rows have the same length.
    #[must_use]
    pub(super) fn with_equal_lengths(self) -> Self {
        Self { ragged: false, ..self }
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

    /// Number of tokens in the longest row.
    #[must_use]
    pub fn len(&self) -> i64 {
        self.lengths.iter().copied().max().unwrap_or(0)
    }

    /// Whether the cache is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of tokens in each row.
    #[must_use]
    pub fn lengths(&self) -> &[i64] {
        &self.lengths
    }

    /// Whether rows may have different lengths. If they may, [`Attention::Causal`](crate::Attention::Causal) of one new token per row has the
    /// same result for a row whatever the other rows are.
    #[must_use]
    pub fn is_ragged(&self) -> bool {
        self.ragged
    }

    pub(super) fn lengths_differ(&self) -> bool {
        self.lengths.windows(2).any(|pair| pair.first() != pair.last())
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
    /// The layer does not exist, the capacity is too small, or the rows have different lengths.
    pub fn append(&mut self, layer: usize, keys: &Tensor, values: &Tensor) -> Result<CachedKeysValues> {
        if self.lengths_differ() {
            let problem = "the rows of the KV cache have different lengths, which allows one token per row and causal attention only";
            return Err(Error::Input(problem.into()));
        }
        let (past, seq) = (self.len(), keys.size4()?.2);
        let (k, v) = with_room(&mut self.layers, layer, past, seq, self.capacity)?;
        let transposed = k.device() == Device::Cpu;
        let new_keys = if transposed { keys.f_transpose(2, 3)? } else { keys.shallow_clone() };
        k.f_narrow(slots_dim_of_keys(k.device()), past, seq)?.f_copy_(&new_keys)?;
        v.f_narrow(2, past, seq)?.f_copy_(values)?;
        let keys = if transposed { k.f_transpose(2, 3)? } else { k.shallow_clone() };
        Ok(CachedKeysValues { keys, values: v.shallow_clone(), len: past + seq })
    }

    /// Appends the key and value of one token, `(batch, kv_heads, 1, head_dim)`, to each row of `layer`, and returns the attention of `query`,
    /// `(batch, heads, 1, head_dim)`, to all tokens of its row. Call [`KvCache::advance`] once after the last layer.
    ///
    /// # Errors
    /// The layer does not exist, the capacity is too small, or the cache is not [ragged](Self::is_ragged).
    pub(super) fn append_and_attend(
        &mut self,
        layer: usize,
        [query, key, value]: [&Tensor; 3],
        attention: DecodingAttention,
    ) -> Result<Tensor> {
        let past = self.len();
        let (keys, values) = with_room(&mut self.layers, layer, past, 1, self.capacity)?;
        Ok(attention.append_and_attend(query, key, value, keys, values, &self.lengths)?)
    }

    /// Adds `seq` appended tokens to the length of each row.
    pub fn advance(&mut self, seq: i64) {
        self.lengths.iter_mut().for_each(|length| *length += seq);
    }

    /// Removes the tokens of a row, for rows whose result is not needed: the fewer tokens, the less work.
    pub fn clear_row(&mut self, row: usize) {
        if let Some(length) = self.lengths.get_mut(row).filter(|_| self.ragged) {
            *length = 0;
        }
    }

    /// Replaces each row `i` by the old row `rows[i]`. There may be more or fewer rows than before.
    ///
    /// # Errors
    /// Row indices outside the batch.
    pub fn reorder(&mut self, rows: &[i64]) -> Result<()> {
        let length = |row: &i64| usize::try_from(*row).ok().and_then(|row| self.lengths.get(row).copied());
        let lengths: Option<Vec<i64>> = rows.iter().map(length).collect();
        self.lengths = lengths.ok_or_else(|| {
            Error::Input(format!("a KV cache of {} rows has no rows {rows:?}: name existing rows", self.lengths.len()))
        })?;
        for (k, v) in &mut self.layers {
            for buffer in [k, v] {
                *buffer = buffer.f_index_select(0, &Tensor::f_from_slice(rows)?.f_to_device(buffer.device())?)?;
            }
        }
        Ok(())
    }

    /// Copies the first rows of another cache of the same model to the given rows of this one, with their tokens. This cache must be
    /// [ragged](Self::is_ragged).
    ///
    /// # Errors
    /// Another model's cache, rows that do not exist, or a capacity that is too small.
    pub(crate) fn copy_rows(&mut self, rows: &[i64], other: &Self) -> Result<()> {
        let (count, past, len) = (rows.len() as i64, self.len(), other.len());
        for (layer, (keys, values)) in other.layers.iter().enumerate() {
            let more = (len - past).max(0);
            let (own_keys, own_values) = with_room(&mut self.layers, layer, past, more, self.capacity)?;
            let keys_dim = slots_dim_of_keys(keys.device());
            let rows = Tensor::f_from_slice(rows)?.f_to_device(keys.device())?;
            for (own, other, dim) in [(own_keys, keys, keys_dim), (own_values, values, 2)] {
                let used = other.f_narrow(0, 0, count)?.f_narrow(dim, 0, len)?;
                let _ = own.f_narrow(dim, 0, len)?.f_index_copy_(0, &rows, &used)?;
            }
        }
        for (row, length) in rows.iter().zip(&other.lengths) {
            if let Some(own) = usize::try_from(*row).ok().and_then(|row| self.lengths.get_mut(row)) {
                *own = *length;
            }
        }
        Ok(())
    }
}

/// The dimension of the slots in the buffer of the keys, which is transposed on a CPU.
fn slots_dim_of_keys(device: Device) -> i64 {
    if device == Device::Cpu { 3 } else { 2 }
}

/// The buffers of a layer, whose rows have up to `past` tokens, with room for `seq` more.
fn with_room(
    layers: &mut [(Tensor, Tensor)],
    layer: usize,
    past: i64,
    seq: i64,
    capacity: i64,
) -> Result<&mut (Tensor, Tensor)> {
    let len = past + seq;
    if len > capacity {
        return Err(Error::Input(format!(
            "the KV cache has a capacity of {capacity} tokens per row, but {len} are needed: create it with a larger capacity"
        )));
    }
    let count = layers.len();
    let Some(buffers) = layers.get_mut(layer) else {
        return Err(Error::Input(format!("layer {layer} does not exist: the KV cache has {count} layers")));
    };
    let keys_dim = slots_dim_of_keys(buffers.0.device());
    for (buffer, dim) in [(&mut buffers.0, keys_dim), (&mut buffers.1, 2)] {
        if buffer.size().get(dim as usize).is_none_or(|slots| *slots < len) {
            let slots = (len + MIN_GROWTH.max(8 * seq)).min(capacity);
            *buffer = resized(buffer, dim, past, slots)?;
        }
    }
    Ok(buffers)
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
