use crate::{Attention, Error, Result};
use tch::{Device, Kind, Tensor};

/// The additive mask of a causal model, or `None` if none is needed, and whether to use LibTorch's causal kernel.
///
/// The cache holds `past` tokens before the `seq` queries. With a `window`, a query attends to its own token and to the `window - 1` before
/// it.
pub(crate) fn causal_mask(
    attention: &Attention,
    (batch, seq, past): (i64, i64, i64),
    window: Option<i64>,
    options: (Kind, Device),
) -> Result<(Option<Tensor>, bool)> {
    let keys = past + seq;
    let window = window.filter(|window| *window < keys);
    match attention {
        Attention::Causal if past == 0 && window.is_none() => Ok((None, seq > 1)),
        Attention::Causal if seq == 1 && window.is_none() => Ok((None, false)),
        Attention::Causal => Ok((Some(additive(&causal_positions(seq, past, window, options.1)?, options)?), false)),
        Attention::Masked(allowed) => {
            if allowed.size() != [batch, seq, keys] {
                let found = allowed.size();
                return Err(Error::Input(format!(
                    "the attention mask has shape {found:?}, expected [{batch}, {seq}, {keys}]"
                )));
            }
            let allowed = within_window(&allowed.f_to_device(options.1)?.f_to_kind(Kind::Bool)?, window)?;
            Ok((Some(additive(&allowed.f_unsqueeze(1)?, options)?), false))
        }
        Attention::SharedTokens { rows, attention_mask } => {
            let tokens = rows.positions().size1()?;
            if [batch, seq, past] != [1, tokens, 0] {
                return Err(Error::Input(format!(
                    "rows that share {tokens} tokens need an input of shape [1, {tokens}] without a cache, found [{batch}, {seq}] and {past} \
                     cached tokens"
                )));
            }
            let (rows, len) = rows.tokens().size2()?;
            let within = attention_mask.map_or(Attention::Causal, Attention::Padded);
            causal_mask(&within, (rows, len, 0), window, options)
        }
        Attention::Padded(mask) => {
            if mask.size() != [batch, keys] {
                let found = mask.size();
                return Err(Error::Input(format!(
                    "the attention mask has shape {found:?}, expected [{batch}, {keys}]"
                )));
            }
            let real = mask.f_to_device(options.1)?.f_to_kind(Kind::Bool)?.f_view([batch, 1, 1, keys])?;
            let allowed = causal_positions(seq, past, window, options.1)?.f_logical_and(&real)?;
            // A query without any allowed key attends to itself, because otherwise its output would be NaN.
            let own = Tensor::f_ones([seq, keys], (Kind::Bool, options.1))?.f_tril(past)?.f_triu(past)?;
            let without_keys = allowed.f_any_dim(-1, true)?.f_logical_not()?;
            let allowed = allowed.f_logical_or(&without_keys.f_logical_and(&own)?)?;
            Ok((Some(additive(&allowed, options)?), false))
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

/// The causal mask, `(seq, past + seq)`: true if query `i` may attend to key `j`, that is `j ≤ past + i`, and `j > past + i - window`.
fn causal_positions(seq: i64, past: i64, window: Option<i64>, device: Device) -> Result<Tensor> {
    let causal = Tensor::f_ones([seq, past + seq], (Kind::Bool, device))?.f_tril(past)?;
    match window {
        Some(window) => Ok(causal.f_triu(past - window + 1)?),
        None => Ok(causal),
    }
}

/// Keeps the last `window` of the keys that each query may attend to. Beams share a row of the cache, so slots are not positions, but a
/// beam's tokens are in order.
fn within_window(allowed: &Tensor, window: Option<i64>) -> Result<Tensor> {
    let Some(window) = window else { return Ok(allowed.shallow_clone()) };
    let from_the_end = allowed.f_flip([-1])?.f_cumsum(-1, Kind::Int64)?.f_flip([-1])?;
    Ok(allowed.f_logical_and(&from_the_end.f_le(window)?)?)
}

fn additive(allowed: &Tensor, (kind, device): (Kind, Device)) -> Result<Tensor> {
    let zeros = Tensor::f_zeros(allowed.size(), (kind, device))?;
    Ok(zeros.f_masked_fill(&allowed.f_logical_not()?, f64::NEG_INFINITY)?)
}
