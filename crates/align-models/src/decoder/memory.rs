use super::{Decoder, Mode};
use crate::TrainingMemory;
use tch::Kind;

impl Decoder {
    /// What a pass over `sequences` sequences of `length` tokens needs in training.
    ///
    /// With `d` the hidden states' width and `a` that of attention's heads together, a block keeps of each token `4d + 4a` numbers
    /// beside those of its feed-forward part: its input, the two normalised states and the state between its halves, query, key and
    /// value (`3a`), and what attention gives. The feed-forward part keeps `2i` of its inner width `i`, before and behind its
    /// activation, and with a gate `4i`. Attention keeps one float32 a head, each norm two. Around the blocks stand `3d`: the
    /// embeddings, and the last norm's input and output. With dropout each dropped state keeps its mask (`2d` a block, `d` behind the
    /// embeddings); where attention's weights are dropped, it keeps its scores, their softmax and the mask (three numbers a head and
    /// pair of tokens), and scaled copies of query and key, and of its output.
    ///
    /// Where rows share tokens, query, key, value and what attention gives are those of each place in the rows, and what attention gives is
    /// kept of each token too: counted as `5a` a place, which is right where a place in two is shared.
    ///
    /// Under gradient checkpointing one block at a time keeps all that, the others their inputs alone (`d`).
    ///
    /// The backward pass holds the gradients of one feed-forward part and of four states beside it.
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
        let (a, inner) = (heads * head_dim, first.map_or(0, |b| b.feed_forward.saved_per_token()));
        let mut block = 4 * d + 4 * a + inner;
        if first.is_some_and(|b| dropped(b.dropout)) {
            block += 2 * d;
        }
        if first.is_some_and(|b| dropped(b.attention.dropout)) {
            block += 3 * a + 3 * heads * length;
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
