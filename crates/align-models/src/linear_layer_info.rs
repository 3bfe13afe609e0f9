/// Describes a linear layer that can have an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearLayerInfo {
    /// Its name in transformers: `transformer.h.0.attn.c_attn`. The name of its weight has the suffix `.weight`.
    pub name: String,
    /// Width of the input (`in_features`).
    pub inputs: i64,
    /// Width of the output (`out_features`).
    pub outputs: i64,
    /// Whether the weight is stored as `(in, out)`, as in GPT-2, instead of `(out, in)`.
    pub transposed: bool,
    /// The index of the block.
    pub block: usize,
    /// Whether its input is saved for the backward pass even if its weight is frozen, because the preceding operation saves its output.
    pub input_is_saved: bool,
    /// Whether it has the same input as the previous layer. True for the key and value projections, which follow the query projection.
    pub shares_input: bool,
}
