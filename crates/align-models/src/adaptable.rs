use crate::lora::Adapter;
use crate::{CausalLm, Parameters, Result};

/// A linear layer that an adapter can stand beside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearLayer {
    /// Its name in transformers: `transformer.h.0.attn.c_attn`. Its weight is called that and `.weight`.
    pub name: String,
    /// Width of its input.
    pub inputs: i64,
    /// Width of its output.
    pub outputs: i64,
    /// Whether its weight is stored `(in, out)`, as GPT-2 stores it, and not `(out, in)`.
    pub transposed: bool,
    /// The number of its block.
    pub block: usize,
    /// Whether training keeps its input whether or not its weight is trained, since the operation that gives it keeps its output.
    pub input_is_kept: bool,
    /// Whether its input is that of the layer before it, as of the projections to keys and values behind that to queries.
    pub shares_input: bool,
}

/// A causal model whose linear layers take adapters ([`LoraModel`](crate::LoraModel)).
pub trait Adaptable {
    /// The linear layers of the blocks, in the checkpoint's order.
    fn linear_layers(&self) -> Vec<LinearLayer>;

    /// The name of the token embedding's weight, `(vocab_size, hidden_size)`: `transformer.wte.weight`.
    fn embedding(&self) -> &str;

    /// The name of the output projection's weight, `(vocab_size, hidden_size)`, which a model with tied embeddings does not hold.
    fn output_projection(&self) -> &str {
        "lm_head.weight"
    }

    /// The same model on other weights, in evaluation mode, with the adapter's matrices beside its layers. The embeddings may be of
    /// another number of tokens, and the output
    /// projection may be there where this model's is the embedding.
    ///
    /// # Errors
    /// A weight that is missing.
    fn with_weights(&self, weights: Parameters, adapter: Option<Adapter<'_>>) -> Result<Box<dyn CausalLm>>;
}
