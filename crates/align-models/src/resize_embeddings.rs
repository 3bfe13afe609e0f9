use crate::{CausalLm, Error, Parameters, Result};
use tch::{Kind, Tensor};

/// Adds rows to the token embedding and the output projection, up to `tokens` rows. A new row is the mean of the existing rows, as with
/// transformers' `resize_token_embeddings` but for its small random noise.
///
/// # Errors
/// The model has more embeddings already, or it has an adapter or packed weights.
pub fn resize_token_embeddings(model: &dyn CausalLm, tokens: i64) -> Result<Box<dyn CausalLm>> {
    let present = model.vocab_size();
    if tokens < present {
        return Err(Error::Input(format!("the model has {present} embeddings, which cannot be reduced to {tokens}")));
    }
    let adaptable = model.adaptable().ok_or_else(|| {
        Error::Input("the embeddings of a model with an adapter cannot be resized: merge the adapter first".into())
    })?;
    let grown = |(name, weight): (&str, &Tensor)| {
        let grows = name == adaptable.embedding() || Some(name) == adaptable.output_projection();
        let weight = if grows { with_mean_rows(weight, tokens - present)? } else { weight.shallow_clone() };
        Ok((name.to_owned(), weight))
    };
    let weights = tch::no_grad(|| model.parameters().iter().map(grown).collect::<Result<_>>())?;
    adaptable.with_weights(Parameters::new(weights), None)
}

/// Appends `count` copies of the mean of the rows.
fn with_mean_rows(weight: &Tensor, count: i64) -> Result<Tensor> {
    let (_, width) = weight.size2()?;
    let mean = weight.f_mean_dim([0i64].as_slice(), true, Kind::Float)?.f_to_kind(weight.kind())?;
    Ok(Tensor::f_cat(&[weight, &mean.f_expand([count, width], false)?], 0)?)
}
