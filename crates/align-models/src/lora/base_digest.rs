use super::lora_base::LoraBase;
use crate::{Result, tensors_digest};
use tch::Kind;

/// Values of each weight that are hashed.
const SAMPLE: i64 = 4096;

/// A digest of the base model, by which an adapter recognises it: of the first values of the weights of all linear layers in the blocks.
///
/// Values are rounded to bfloat16, so that a model has the same digest in float32 and in bfloat16. Embeddings do not count, because an
/// adapter may replace them. `None` in float16, which is rounded differently.
pub(super) fn base_digest(base: &LoraBase) -> Result<Option<String>> {
    if base.model.kind() == Kind::Half {
        return Ok(None);
    }
    let mut samples = Vec::new();
    for layer in base.adaptable.linear_layers() {
        let name = format!("{}.weight", layer.name);
        let Some(weight) = base.model.parameters().get(&name) else { continue };
        let flat = weight.f_detach()?.f_contiguous()?.f_view(-1)?;
        let sample = flat.f_narrow(0, 0, SAMPLE.min(flat.size1()?))?.f_to_kind(Kind::BFloat16)?;
        samples.push((format!("{name} {:?}", weight.size()), sample));
    }
    tensors_digest("adapter base", samples.iter().map(|(name, sample)| (name.as_str(), sample))).map(Some)
}
