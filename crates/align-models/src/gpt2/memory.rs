use super::Gpt2;
use crate::{CausalLm, TrainingMemory};
use tch::Kind;

impl Gpt2 {
    /// What a pass over `sequences` sequences of `length` tokens needs in training.
    ///
    /// With `d = n_embd` and `i = n_inner`, a block keeps of each token `8d + 2i` numbers: its input, the two normalised states,
    /// query, key and value (`3d`), what attention gives, the state between its halves, and the feed-forward layer before and behind
    /// its activation. Attention keeps one float32 a head, each layer norm two. Around the blocks stand `3d`: the embeddings, and the
    /// last norm's input and output. With dropout each dropped state keeps its mask (`2d` a block, `d` behind the embeddings); where
    /// attention's weights are dropped, it keeps its scores, their softmax and the mask (three numbers a head and pair of tokens),
    /// and scaled copies of query and key, and of its output.
    ///
    /// Where rows share tokens, query, key, value and what attention gives are those of each place in the rows, and what attention gives is
    /// kept of each token too: counted as `5d` a place, which is right where a place in two is shared.
    ///
    /// Under gradient checkpointing one block at a time keeps all that, the others their inputs alone (`d`).
    ///
    /// The backward pass holds the gradients of one feed-forward layer (`2i`) and of four states beside it.
    pub(super) fn training_memory_of(&self, sequences: u64, length: u64) -> TrainingMemory {
        let config = &self.config;
        let number = |x: i64| u64::try_from(x).unwrap_or(0);
        let (d, heads, layers) = (number(config.n_embd), number(config.n_head), number(config.n_layer));
        let inner = config.n_inner.map_or(4 * d, number);
        let tokens = sequences * length;
        let dropped = |p: f64| self.training && p > 0.0;

        let mut block = 8 * d + 2 * inner;
        let mut around = 3 * d;
        if dropped(config.resid_pdrop) {
            block += 2 * d;
        }
        if dropped(config.attn_pdrop) {
            block += 3 * d + 3 * heads * length;
        }
        if dropped(config.embd_pdrop) {
            around += d;
        }
        let wide: u64 = if self.kind() == Kind::Double { 8 } else { 4 };
        let bytes = self.kind().elt_size_in_bytes() as u64;
        let block = bytes * block + wide * (heads + 4);
        let attended = bytes * 5 * d + wide * heads;
        let (blocks, attended) = match self.gradient_checkpointing {
            true => (layers * bytes * d + block, attended),
            false => (layers * block, layers * attended),
        };
        TrainingMemory {
            activations: tokens * (blocks + bytes * around + 2 * wide),
            attended: tokens * attended,
            workspace: tokens * bytes * (2 * inner + 4 * d),
            token_logits: wide * number(config.vocab_size),
        }
    }
}
