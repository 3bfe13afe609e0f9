use crate::shared_batches::{check_same_model, check_same_rows, for_each_batch};
use crate::{Error, Result};
use align_base::Progress;
use align_data::EncodedCompletion;
use align_distributed::ProcessGroup;
use align_losses::LinearHead;
use align_models::{Attention, CausalLm, batches_by_length};
use tch::{Kind, Tensor};

/// The token ids of a prompt and its completion.
#[derive(Debug, Clone, Copy)]
pub struct PromptCompletion<'a> {
    /// The prompt, on which the completion is conditioned.
    pub prompt_ids: &'a [i64],
    /// The completion, whose log-probabilities are computed.
    pub completion_ids: &'a [i64],
}

impl<'a> From<&'a EncodedCompletion> for PromptCompletion<'a> {
    fn from(EncodedCompletion { prompt_ids, completion_ids }: &'a EncodedCompletion) -> Self {
        Self { prompt_ids, completion_ids }
    }
}

/// The log-probability of each completion token, `log π(y_t | x, y_<t)`, under a model, in nats. Returns one vector per row.
///
/// The first token of a sequence is never predicted. Without a prompt, the first completion token is therefore omitted.
///
/// # Errors
/// A row without a predicted token, with more tokens than the model takes or with ids outside its vocabulary (rows are counted from 1), a
/// `batch_size` of 0, or log-probabilities that are not finite (the error names a weight that is not finite).
pub fn completion_logps(model: &dyn CausalLm, rows: &[PromptCompletion], batch_size: usize) -> Result<Vec<Vec<f32>>> {
    shared_completion_logps(&ProcessGroup::single(), model, rows, batch_size)
}

/// Like [`completion_logps`], on the processes of a group: each has the model and all rows, computes some of the batches, and returns the
/// log-probabilities of all rows. They are those of one process.
///
/// # Errors
/// The errors of [`completion_logps`] in any process, and processes with other models or rows.
pub fn shared_completion_logps(
    group: &ProcessGroup,
    model: &dyn CausalLm,
    rows: &[PromptCompletion],
    batch_size: usize,
) -> Result<Vec<Vec<f32>>> {
    let checked = rows.iter().enumerate().try_for_each(|(number, row)| check(model, number + 1, row));
    group.agree_on_result(checked)?;
    check_same_model(group, model, batch_size)?;
    check_same_rows(group, rows.iter().flat_map(|row| [row.prompt_ids, row.completion_ids]))?;
    let length = |row: &PromptCompletion| row.prompt_ids.len() + row.completion_ids.len();
    let batches = batches_by_length(rows.iter().map(length), batch_size)?;
    let mut logps = vec![Vec::new(); rows.len()];
    let mut progress = Progress::begin("log-probabilities", "texts", rows.len());
    let compute = |batch: &Vec<usize>| finite_logps(model, rows, batch);
    for_each_batch(group, &batches, compute, |batch, results| {
        for (index, row_logps) in batch.iter().zip(results) {
            if let Some(slot) = logps.get_mut(*index) {
                *slot = row_logps;
            }
        }
        progress.advance(batch.len());
    })?;
    Ok(logps)
}

/// The log-probabilities of the rows of a batch.
fn finite_logps(model: &dyn CausalLm, rows: &[PromptCompletion], batch: &[usize]) -> Result<Vec<Vec<f32>>> {
    let batch_rows: Vec<PromptCompletion> = batch.iter().filter_map(|i| rows.get(*i).copied()).collect();
    let logps = tch::no_grad(|| batch_logps(model, &batch_rows))?;
    let mut of_rows = batch.iter().zip(&logps);
    match of_rows.find(|(_, logps)| logps.iter().any(|logp| !logp.is_finite())) {
        None => Ok(logps),
        Some((index, _)) => {
            let tensor = model.parameters().first_not_finite()?.map(str::to_owned);
            let what = "the log-probabilities of row";
            Err(align_models::Error::NotFinite { what, number: *index as u64 + 1, tensor }.into())
        }
    }
}

fn check(model: &dyn CausalLm, number: usize, row: &PromptCompletion) -> Result<()> {
    let (vocab, max_tokens) = (model.vocab_size(), model.max_position_embeddings());
    let length = row.prompt_ids.len() + row.completion_ids.len();
    let problem = if let Some(id) = row.prompt_ids.iter().chain(row.completion_ids).find(|id| !(0..vocab).contains(*id))
    {
        format!("token id {id} is outside the model's vocabulary of {vocab}: use the model's own tokeniser")
    } else if length as i64 > max_tokens {
        format!("has {length} tokens, but the model takes at most {max_tokens}: shorten it")
    } else if predicted_tokens(row) == 0 {
        "has no completion token that could be scored".into()
    } else {
        return Ok(());
    };
    Err(Error::Input(format!("row {number}: {problem}")))
}

fn predicted_tokens(row: &PromptCompletion) -> usize {
    row.completion_ids.len().saturating_sub(usize::from(row.prompt_ids.is_empty()))
}

fn batch_logps(model: &dyn CausalLm, rows: &[PromptCompletion]) -> Result<Vec<Vec<f32>>> {
    let width = rows.iter().map(|row| row.prompt_ids.len() + row.completion_ids.len()).max().unwrap_or(0);
    let (mut ids, mut predictors, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        let sequence = row.prompt_ids.iter().chain(row.completion_ids);
        let length = row.prompt_ids.len() + row.completion_ids.len();
        // A causal model does not attend to padding on the right, so any id works.
        ids.extend(sequence.copied().chain(std::iter::repeat_n(0, width - length)));
        let first = length - predicted_tokens(row);
        predictors.extend((first..length).map(|t| (number * width + t - 1) as i64));
        targets.extend(row.completion_ids.iter().rev().take(predicted_tokens(row)).rev());
    }
    let device = model.device();
    let tensor = |x: &[i64]| Tensor::f_from_slice(x)?.f_to_device(device);
    let hidden =
        model.hidden(&tensor(&ids)?.f_view([rows.len() as i64, width as i64])?, None, &Attention::Causal, None)?;
    let hidden_size = hidden.size3()?.2;
    let selected = hidden.f_view([-1, hidden_size])?.f_index_select(0, &tensor(&predictors)?)?;
    let head = LinearHead { weight: model.head(), softcap: model.logit_softcap() };
    let flat = align_losses::linear_logps(&selected, head, &tensor(&targets)?)?;
    let flat: Vec<f32> = Vec::try_from(flat.f_to_device(tch::Device::Cpu)?.f_to_kind(Kind::Float)?)?;
    let mut rest = flat.as_slice();
    Ok(rows
        .iter()
        .map(|row| {
            let (row_logps, others) = rest.split_at(predicted_tokens(row).min(rest.len()));
            rest = others;
            row_logps.to_vec()
        })
        .collect())
}
