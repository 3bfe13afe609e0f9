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
