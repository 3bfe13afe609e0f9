use super::{Decoder, Mode};
use crate::TrainingMemory;
use align_torch::has_fused_nodes;
use tch::Kind;

impl Decoder {
    /// The memory that a training step on `sequences` sequences of `length` tokens needs.
    ///
    /// Let `d` be the width of the hidden states and `a` the total width of the attention heads. Per token, a block saves `4d + 4a` values
    /// without its feed-forward network: its input, the two normalised states and the state after attention (`4d`), query, key and value
    /// (`3a`), and the output of attention (`a`). The feed-forward network saves `2i` for its inner width `i`, before and after its
    /// activation, and `4i` with a gate, or `3i` where the gate is a fused node (SiLU in float32 on a CPU). Attention saves one float32 per
    /// head, each norm two. Outside the blocks `3d` are saved: the
    /// embeddings, and the input and output of the last norm. With dropout, masks are saved (`2d` per block, `d` for the embeddings). With
    /// dropout of the attention weights, the scores, their softmax and the mask are saved (three values per head and pair of tokens), and
    /// scaled copies of query and key, and of the output.
    ///
    /// Norms of the outputs of attention and of the feed-forward network save their inputs (`d` each), and norms of queries and keys theirs
    /// (`2a`). Capped attention scores are saved twice, as capped and as softmax (two values per head and pair of tokens).
    ///
    /// If rows share tokens, query, key, value and the output of attention exist for each position in the rows, and the output is also saved
    /// for each distinct token. This is counted as `5a` per position, which is exact if half of the positions are shared.
    ///
    /// With gradient checkpointing only one block at a time saves all this, and the others only their inputs (`d`).
    ///
    /// The backward pass holds the gradients of one feed-forward network and of four hidden states.
    #[must_use]
    pub fn training_memory(&self, mode: Mode, sequences: u64, length: u64) -> TrainingMemory {
        let number = |x: i64| u64::try_from(x).unwrap_or(0);
        let (vocab_size, d) = self.embedding.size2().map_or((0, 0), |(vocab, d)| (number(vocab), number(d)));
        let tokens = sequences * length;
        let dropped = |p: f64| mode.training && p > 0.0;
        let wide: u64 = if self.kind() == Kind::Double { 8 } else { 4 };
        let bytes = self.kind().elt_size_in_bytes() as u64;
        let layers = self.blocks.len() as u64;

        let first = self.blocks.first();
        let (heads, head_dim) = first.map_or((0, 0), |b| (number(b.attention.heads), number(b.attention.head_dim)));
        let (a, inner) =
            (heads * head_dim, first.map_or(0, |b| b.feed_forward.saved_per_token(has_fused_nodes(&self.embedding))));
        let mut block = 4 * d + 4 * a + inner;
        if first.is_some_and(|b| dropped(b.dropout)) {
            block += 2 * d;
        }
        if first.is_some_and(|b| dropped(b.attention.dropout)) {
            block += 3 * a + 3 * heads * length;
        }
        if let Some(first) = first {
            let output_norms = [&first.attention_output_norm, &first.feed_forward_output_norm];
            block += d * output_norms.into_iter().flatten().count() as u64;
            block += if first.attention.qk_norms.is_some() { 2 * a } else { 0 };
            block += if first.attention.softcap.is_some() { 2 * heads * length } else { 0 };
        }
        let around = if dropped(self.dropout) { 4 * d } else { 3 * d };
        let block = bytes * block + wide * (heads + 4);
        let attended = bytes * 5 * a + wide * heads;
        let (blocks, attended) = match mode.gradient_checkpointing {
            true => (layers * bytes * d + block, attended),
            false => (layers * block, layers * attended),
        };
        TrainingMemory {
            activations: tokens * (blocks + bytes * around + 2 * wide),
            attention_activations: tokens * attended,
            workspace: tokens * bytes * (inner + 4 * d),
            token_logits: wide * vocab_size,
        }
    }
}
