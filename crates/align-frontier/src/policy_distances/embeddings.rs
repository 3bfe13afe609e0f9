use crate::Result;
use crate::error::option_error;
use crate::token_divergence::not_finite;
use align_base::Progress;
use align_data::Tokenizer;
use align_models::{Attention, CausalLm};
use tch::{Device, Kind, Tensor};

/// The embedding of each text: the mean of the last hidden states over its tokens, row by row, with its width. Texts that are longer than
/// the model allows are truncated.
pub(super) fn embed(
    model: &dyn CausalLm,
    tokenizer: &Tokenizer,
    texts: &[&str],
    batch_size: usize,
) -> Result<(usize, Vec<f32>)> {
    let longest = usize::try_from(model.max_position_embeddings()).unwrap_or(usize::MAX);
    let ids = tokenizer.encode_batch(texts, true, Some(longest))?;
    if let Some(at) = ids.iter().position(Vec::is_empty) {
        return Err(option_error("embedder", format!("its tokeniser makes no tokens of text {}", at + 1)));
    }
    let (mut width, mut embeddings) = (0, Vec::new());
    let mut progress = Progress::begin("embedding", "texts", texts.len());
    for (number, batch) in ids.chunks(batch_size.max(1)).enumerate() {
        let pooled = tch::no_grad(|| mean_pooled(model, batch))?;
        width = pooled.size2()?.1 as usize;
        let values = Vec::<f32>::try_from(pooled.f_contiguous()?.f_view(-1)?)?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let text = number * batch_size.max(1) + at / width.max(1);
            return Err(not_finite([model, model], "the embedding of text", text)?);
        }
        embeddings.extend(values);
        progress.advance(batch.len());
    }
    Ok((width, embeddings))
}

fn mean_pooled(model: &dyn CausalLm, batch: &[Vec<i64>]) -> Result<Tensor> {
    let width = batch.iter().map(Vec::len).max().unwrap_or(0);
    let padded = |fill: i64, of: &dyn Fn(&i64) -> i64| {
        let row =
            |ids: &Vec<i64>| ids.iter().map(of).chain(std::iter::repeat_n(fill, width - ids.len())).collect::<Vec<_>>();
        let values: Vec<i64> = batch.iter().flat_map(row).collect();
        Ok::<_, crate::Error>(Tensor::f_from_slice(&values)?.f_view([batch.len() as i64, width as i64])?)
    };
    // A causal model is not affected by padding on the right, so any id can be used.
    let (ids, mask) = (padded(0, &|id| *id)?, padded(0, &|_| 1)?);
    let hidden =
        model.hidden(&ids, None, &Attention::Causal, None)?.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?;
    let mask = mask.f_to_kind(Kind::Float)?.f_unsqueeze(-1)?;
    let sum = hidden.f_mul(&mask)?.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Float)?;
    Ok(sum.f_div(&mask.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Float)?)?)
}
