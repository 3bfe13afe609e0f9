//! Checkpoints of nanoGPT, which stores linear weights as `(out, in)`, unlike transformers, which stores them as `(in, out)`.

use super::Gpt2Config;
use crate::checkpoint::Checkpoint;
use crate::{Parameters, Result};
use tch::{Device, Kind};

/// Loads weights in either order, and converts them to that of transformers.
pub(super) fn load(config: &Gpt2Config, checkpoint: &Checkpoint, kind: Kind, device: Device) -> Result<Parameters> {
    let mut layout = config.layout();
    if !is_nanogpt(config, checkpoint) {
        return Ok(Parameters::new(checkpoint.load(&layout, kind, device)?));
    }
    for spec in layout.tensors.iter_mut().filter(|spec| is_linear(&spec.name)) {
        spec.shape.reverse();
    }
    let mut weights = checkpoint.load(&layout, kind, device)?;
    for (_, weight) in weights.iter_mut().filter(|(name, _)| is_linear(name)) {
        *weight = weight.f_tr()?.f_contiguous()?;
    }
    Ok(Parameters::new(weights))
}

/// Whether `c_attn` of the first block, which is not square, is transposed.
fn is_nanogpt(config: &Gpt2Config, checkpoint: &Checkpoint) -> bool {
    let transposed = [3 * config.n_embd, config.n_embd];
    let is_first = |name: &str| name == "h.0.attn.c_attn.weight" || name.ends_with(".h.0.attn.c_attn.weight");
    checkpoint.entries().iter().any(|entry| is_first(entry.name()) && entry.shape() == transposed)
}

/// Whether a weight is that of a linear layer in a block.
fn is_linear(name: &str) -> bool {
    [".c_attn.weight", ".c_proj.weight", ".c_fc.weight"].iter().any(|end| name.ends_with(end))
}
