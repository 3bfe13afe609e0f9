use crate::{Error, Result};
use align_models::{Attention, CausalLm};
use tch::{Kind, Tensor};

/// A prompt and what follows it, as token ids.
#[derive(Debug, Clone, Copy)]
pub struct Completion<'a> {
    /// What is given.
    pub prompt_ids: &'a [i64],
    /// What is judged.
    pub completion_ids: &'a [i64],
}

/// Each completion's token log-probabilities `log π(y_t | x, y_<t)` under a model, in nats, in the rows' order.
///
/// A sequence's very first token is predicted by nothing: without a prompt it is left out.
///
/// # Errors
/// A row without a token to judge, longer than the model's positions or with ids outside its vocabulary (the error counts
/// rows from one), a `batch_size` of 0, or log-probabilities that are not finite (the error names the weights at fault).
pub fn completion_logps(model: &dyn CausalLm, rows: &[Completion], batch_size: usize) -> Result<Vec<Vec<f32>>> {
    if batch_size == 0 {
        return Err(Error::Config { option: "batch_size", reason: "is 0, expected at least 1".into() });
    }
    rows.iter().enumerate().try_for_each(|(number, row)| check(model, number + 1, row))?;
    let length = |i: &usize| rows.get(*i).map_or(0, |row| row.prompt_ids.len() + row.completion_ids.len());
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(length(i)));
    let mut logps = vec![Vec::new(); rows.len()];
    for batch in order.chunks(batch_size) {
        let picked: Vec<Completion> = batch.iter().filter_map(|i| rows.get(*i).copied()).collect();
        for (place, found) in batch.iter().zip(tch::no_grad(|| batch_logps(model, &picked))?) {
            if found.iter().any(|logp| !logp.is_finite()) {
                let tensor = model.parameters().first_not_finite()?.map(str::to_owned);
                let what = "the log-probabilities of row";
                return Err(align_models::Error::NotFinite { what, number: *place as u64 + 1, tensor }.into());
            }
            if let Some(slot) = logps.get_mut(*place) {
                *slot = found;
            }
        }
    }
    Ok(logps)
}

fn check(model: &dyn CausalLm, number: usize, row: &Completion) -> Result<()> {
    let (vocab, most) = (model.vocab_size(), model.max_position_embeddings());
    let length = row.prompt_ids.len() + row.completion_ids.len();
    let problem = if let Some(id) = row.prompt_ids.iter().chain(row.completion_ids).find(|id| !(0..vocab).contains(*id))
    {
        format!("token id {id} is outside the model's vocabulary of {vocab}: use the model's own tokeniser")
    } else if length as i64 > most {
        format!("has {length} tokens, the model takes {most}: shorten it")
    } else if judged(row) == 0 {
        "has no completion token to judge".into()
    } else {
        return Ok(());
    };
    Err(Error::Data(format!("row {number}: {problem}")))
}

fn judged(row: &Completion) -> usize {
    row.completion_ids.len().saturating_sub(usize::from(row.prompt_ids.is_empty()))
}

fn batch_logps(model: &dyn CausalLm, rows: &[Completion]) -> Result<Vec<Vec<f32>>> {
    let width = rows.iter().map(|row| row.prompt_ids.len() + row.completion_ids.len()).max().unwrap_or(0);
    let (mut ids, mut predictors, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        let sequence = row.prompt_ids.iter().chain(row.completion_ids);
        let length = row.prompt_ids.len() + row.completion_ids.len();
        // Right padding is invisible to a causal model, so any id serves.
        ids.extend(sequence.copied().chain(std::iter::repeat_n(0, width - length)));
        let first = length - judged(row);
        predictors.extend((first..length).map(|t| (number * width + t - 1) as i64));
        targets.extend(row.completion_ids.iter().rev().take(judged(row)).rev());
    }
    let device = model.device();
    let tensor = |x: &[i64]| Tensor::f_from_slice(x)?.f_to_device(device);
    let hidden =
        model.hidden(&tensor(&ids)?.f_view([rows.len() as i64, width as i64])?, None, &Attention::Causal, None)?;
    let n_embd = hidden.size3()?.2;
    let selected = hidden.f_view([-1, n_embd])?.f_index_select(0, &tensor(&predictors)?)?;
    let flat = align_losses::linear_logps(&selected, model.head(), &tensor(&targets)?)?;
    let flat: Vec<f32> = Vec::try_from(flat.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Float)?)?;
    let mut rest = flat.as_slice();
    Ok(rows
        .iter()
        .map(|row| {
            let (mine, others) = rest.split_at(judged(row).min(rest.len()));
            rest = others;
            mine.to_vec()
        })
        .collect())
}
