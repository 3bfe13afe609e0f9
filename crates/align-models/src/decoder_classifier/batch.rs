//! A padded batch of texts, and the hidden state of each text's scored token.

use crate::{Attention, CausalLm, Error, Result, SharedTokenRows};
use tch::{Device, Kind, Tensor};

/// The smallest fraction of padding that is left out of the layers. Copying the tokens has a cost too.
const LEFT_OUT_PADDING: f64 = 0.05;

/// Texts padded on the right or on the left.
pub(super) struct Batch {
    rows: Vec<Vec<i64>>,
    /// The tokens of each row without its padding.
    real: Vec<std::ops::Range<usize>>,
    /// The place of each row's scored token.
    scored: Vec<usize>,
    width: usize,
}

impl Batch {
    /// * `input_ids`: int64, `(batch, seq)`.
    /// * `attention_mask`: `(batch, seq)`, 1 on real tokens, which must be adjacent.
    /// * `padding`: the padding token. Without one, the last real token of a text is scored.
    pub fn new(input_ids: &Tensor, attention_mask: Option<&Tensor>, padding: Option<i64>) -> Result<Self> {
        let (batch, width) = input_ids.size2()?;
        if width == 0 {
            return Err(Error::Input("a text without tokens cannot be classified: add special tokens".into()));
        }
        let rows = matrix(input_ids)?;
        let real = match attention_mask {
            Some(mask) if mask.size() == input_ids.size() => matrix(mask)?.iter().map(|row| real_tokens(row)).collect(),
            Some(mask) => {
                let (mask, ids) = (mask.size(), input_ids.size());
                return Err(Error::Input(format!("an attention mask of shape {mask:?}, but ids of shape {ids:?}")));
            }
            None => Ok(vec![0..width as usize; batch as usize]),
        }?;
        let scored = rows.iter().zip(&real).map(|(row, real)| scored_token(row, real, padding)).collect();
        Ok(Self { rows, real, scored, width: width as usize })
    }

    /// The final hidden states of the scored tokens, `(batch, hidden_size)`.
    pub fn hidden(&self, model: &dyn CausalLm) -> Result<Tensor> {
        let tokens: usize = self.real.iter().map(ExactSizeIterator::len).sum();
        let is_real = |(scored, real): (&usize, &std::ops::Range<usize>)| real.contains(scored);
        let padded = 1.0 - tokens as f64 / (self.rows.len() * self.width) as f64;
        if padded >= LEFT_OUT_PADDING
            && model.supports_shared_tokens()
            && self.scored.iter().zip(&self.real).all(is_real)
        {
            return self.hidden_without_padding(model);
        }
        let device = model.device();
        let ids: Vec<i64> = self.rows.concat();
        let ids = Tensor::f_from_slice(&ids)?.f_view([self.rows.len() as i64, self.width as i64])?;
        let hidden = match self.real.iter().all(|real| real.start == 0) {
            // No real token attends to padding on the right.
            true => model.hidden(&ids, None, &Attention::Causal, None)?,
            false => {
                let mask = self.attention_mask()?.f_to_device(device)?;
                let positions = mask.f_cumsum(1, Kind::Int64)?.f_sub_scalar(1)?.f_clamp_min(0)?;
                model.hidden(&ids, Some(&positions), &Attention::Padded(&mask), None)?
            }
        };
        let flat = hidden.f_view([-1, hidden.size3()?.2])?;
        let places = self.scored.iter().enumerate().map(|(row, scored)| (row * self.width + scored) as i64);
        select(&flat, places.collect())
    }

    /// The same for rows as packed tokens. Their layers compute nothing for padding.
    fn hidden_without_padding(&self, model: &dyn CausalLm) -> Result<Tensor> {
        let (mut ids, mut positions, mut places, mut rows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for ((row, real), scored) in self.rows.iter().zip(&self.real).zip(&self.scored) {
            let start = ids.len();
            places.push((start + scored - real.start) as i64);
            ids.extend_from_slice(row.get(real.clone()).unwrap_or_default());
            positions.extend(0..real.len() as i64);
            rows.push((start as i64..ids.len() as i64).collect::<Vec<i64>>());
        }
        let rows = SharedTokenRows::new(&rows, model.device())?;
        let row = |values: &[i64]| Tensor::f_from_slice(values)?.f_unsqueeze(0);
        let attention = Attention::SharedTokens { rows: &rows, attention_mask: None };
        let hidden = model.hidden(&row(&ids)?, Some(&row(&positions)?), &attention, None)?;
        select(&hidden.f_squeeze_dim(0)?, places)
    }

    fn attention_mask(&self) -> Result<Tensor> {
        let mask = self.real.iter().flat_map(|real| (0..self.width).map(|place| i64::from(real.contains(&place))));
        let mask: Vec<i64> = mask.collect();
        Ok(Tensor::f_from_slice(&mask)?.f_view([self.rows.len() as i64, self.width as i64])?)
    }
}

fn matrix(tensor: &Tensor) -> Result<Vec<Vec<i64>>> {
    Ok(Vec::try_from(tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Int64)?)?)
}

/// The places where a row of an attention mask is 1.
fn real_tokens(mask: &[i64]) -> Result<std::ops::Range<usize>> {
    let start = mask.iter().position(|real| *real != 0);
    let start = start.ok_or_else(|| Error::Input("a row of an attention mask has no token".into()))?;
    let end = mask.iter().rposition(|real| *real != 0).map_or(start, |last| last + 1);
    match mask.get(start..end).is_some_and(|between| between.iter().all(|real| *real != 0)) {
        true => Ok(start..end),
        false => Err(Error::Input("an attention mask has padding between tokens, expected it on one side".into())),
    }
}

/// The last token of a row that is not padding; the first if all are.
fn scored_token(row: &[i64], real: &std::ops::Range<usize>, padding: Option<i64>) -> usize {
    match padding {
        Some(padding) => row.iter().rposition(|id| *id != padding).unwrap_or(0),
        None => real.end.saturating_sub(1),
    }
}

fn select(flat: &Tensor, places: Vec<i64>) -> Result<Tensor> {
    Ok(flat.f_index_select(0, &Tensor::f_from_slice(&places)?.f_to_device(flat.device())?)?)
}
