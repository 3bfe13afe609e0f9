use crate::{Attention, Error, Result};
use tch::{Device, Kind, Tensor};

/// The additive mask of a causal model, or `None` if none is needed, and whether to use LibTorch's causal kernel.
///
/// The cache holds `past` tokens before the `seq` queries.
pub(crate) fn causal_mask(
    attention: &Attention,
    batch: i64,
    seq: i64,
    past: i64,
    options: (Kind, Device),
) -> Result<(Option<Tensor>, bool)> {
    let keys = past + seq;
    match attention {
        Attention::Causal if past == 0 => Ok((None, seq > 1)),
        Attention::Causal if seq == 1 => Ok((None, false)),
        Attention::Causal => Ok((Some(additive(&visible(seq, past, options.1)?, options)?), false)),
        Attention::Masked(seen) => {
            if seen.size() != [batch, seq, keys] {
                let found = seen.size();
                return Err(Error::Input(format!(
                    "the attention mask has shape {found:?}, expected [{batch}, {seq}, {keys}]"
                )));
            }
            let seen = seen.f_to_device(options.1)?.f_to_kind(Kind::Bool)?.f_unsqueeze(1)?;
            Ok((Some(additive(&seen, options)?), false))
        }
        Attention::SharedTokens { rows, attention_mask } => {
            let tokens = rows.places().size1()?;
            if [batch, seq, past] != [1, tokens, 0] {
                return Err(Error::Input(format!(
                    "{tokens} tokens in rows, expected as input of shape [1, {tokens}] without a cache, found [{batch}, {seq}] and {past} \
                     cached tokens"
                )));
            }
            let (rows, len) = rows.tokens().size2()?;
            let within = attention_mask.map_or(Attention::Causal, Attention::Padded);
            causal_mask(&within, rows, len, 0, options)
        }
        Attention::Padded(mask) => {
            if mask.size() != [batch, keys] {
                let found = mask.size();
                return Err(Error::Input(format!(
                    "the attention mask has shape {found:?}, expected [{batch}, {keys}]"
                )));
            }
            let real = mask.f_to_device(options.1)?.f_to_kind(Kind::Bool)?.f_view([batch, 1, 1, keys])?;
            let seen = visible(seq, past, options.1)?.f_logical_and(&real)?;
            // A query without any visible key attends to itself, because otherwise its output would be NaN.
            let own = Tensor::f_ones([seq, keys], (Kind::Bool, options.1))?.f_tril(past)?.f_triu(past)?;
            let blind = seen.f_any_dim(-1, true)?.f_logical_not()?;
            let seen = seen.f_logical_or(&blind.f_logical_and(&own)?)?;
            Ok((Some(additive(&seen, options)?), false))
        }
    }
}

/// The additive mask of a bidirectional model, `(batch, 1, 1, seq)`: 0 for real keys and minus infinity for padding.
pub(crate) fn key_mask(mask: &Tensor, batch: i64, seq: i64, options: (Kind, Device)) -> Result<Tensor> {
    if mask.size() != [batch, seq] {
        let found = mask.size();
        return Err(Error::Input(format!("the attention mask has shape {found:?}, expected [{batch}, {seq}]")));
    }
    additive(&mask.f_to_device(options.1)?.f_to_kind(Kind::Bool)?.f_view([batch, 1, 1, seq])?, options)
}

/// The causal mask, `(seq, past + seq)`: true if query `i` may attend to key `j`, that is `j ≤ past + i`.
fn visible(seq: i64, past: i64, device: Device) -> Result<Tensor> {
    Ok(Tensor::f_ones([seq, past + seq], (Kind::Bool, device))?.f_tril(past)?)
}

fn additive(seen: &Tensor, (kind, device): (Kind, Device)) -> Result<Tensor> {
    let zeros = Tensor::f_zeros(seen.size(), (kind, device))?;
    Ok(zeros.f_masked_fill(&seen.f_logical_not()?, f64::NEG_INFINITY)?)
}
