use crate::Result;
use align_inference::PromptCompletion;
use align_models::{Attention, CausalLm};
use tch::{Device, Kind, Tensor};

/// Calls `of_chunk` with the log-probabilities of both models over the vocabulary at the positions that predict the completions' tokens, in
/// their order, `chunk` positions at a time and in the dtype `kind`. It returns `N` numbers for each position. They are returned for each
/// row.
pub(crate) fn along_completions<const N: usize>(
    [model, other]: [&dyn CausalLm; 2],
    rows: &[PromptCompletion],
    (chunk, kind): (i64, Kind),
    mut of_chunk: impl FnMut(&Tensor, &Tensor) -> Result<[Vec<f64>; N]>,
) -> Result<Vec<[Vec<f64>; N]>> {
    let length = |row: &PromptCompletion| row.prompt_ids.len() + row.completion_ids.len();
    let width = rows.iter().map(length).max().unwrap_or(0);
    let (mut ids, mut indices) = (Vec::new(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        // A causal model is not affected by padding on the right, so any id can be used.
        ids.extend(row.prompt_ids.iter().chain(row.completion_ids).copied());
        ids.extend(std::iter::repeat_n(0, width - length(row)));
        let first = number * width + row.prompt_ids.len() - 1;
        indices.extend((first..first + row.completion_ids.len()).map(|index| index as i64));
    }
    let ids = Tensor::f_from_slice(&ids)?.f_view([rows.len() as i64, width as i64])?;
    let count = indices.len() as i64;
    let indices = Tensor::f_from_slice(&indices)?;
    let (hidden, other_hidden) =
        (CompletionHidden::of(model, &ids, &indices)?, CompletionHidden::of(other, &ids, &indices)?);
    let mut numbers: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
    for start in (0..count).step_by(chunk as usize) {
        let taken = chunk.min(count - start);
        let found = of_chunk(&hidden.log_probs(start, taken, kind)?, &other_hidden.log_probs(start, taken, kind)?)?;
        numbers.iter_mut().zip(found).for_each(|(all, found)| all.extend(found));
    }
    let mut numbers = numbers.map(Vec::into_iter);
    let of_row =
        |row: &PromptCompletion| numbers.each_mut().map(|all| all.by_ref().take(row.completion_ids.len()).collect());
    Ok(rows.iter().map(of_row).collect())
}

/// Hidden states at the positions that predict completion tokens.
struct CompletionHidden<'a> {
    model: &'a dyn CausalLm,
    hidden: Tensor,
}

impl<'a> CompletionHidden<'a> {
    fn of(model: &'a dyn CausalLm, ids: &Tensor, indices: &Tensor) -> Result<Self> {
        let hidden = model.hidden(ids, None, &Attention::Causal, None)?;
        let width = hidden.size3()?.2;
        let hidden = hidden.f_view([-1, width])?.f_index_select(0, &indices.f_to_device(model.device())?)?;
        Ok(Self { model, hidden })
    }

    /// Log-probabilities over the vocabulary, `(taken, vocab)`, on the CPU.
    fn log_probs(&self, start: i64, taken: i64, kind: Kind) -> Result<Tensor> {
        let logits = self.model.logits(&self.hidden.f_narrow(0, start, taken)?)?;
        Ok(logits.f_log_softmax(-1, kind)?.f_to_device(Device::Cpu)?)
    }
}

pub(crate) fn floats(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(Vec::try_from(tensor.f_to_kind(Kind::Double)?)?)
}
