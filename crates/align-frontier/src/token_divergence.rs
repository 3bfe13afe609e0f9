use crate::Result;
use crate::error::option_error;
use align_base::Progress;
use align_inference::PromptCompletion;
use align_models::{Attention, CausalLm};
use tch::{Device, Kind, Tensor};

/// Number of positions whose distributions over the vocabulary are held in memory at once.
const CHUNK_POSITIONS: i64 = 512;

/// The divergence of two models along one text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextDivergence {
    /// `KL(p_model(·|y_<t) ‖ p_other(·|y_<t))` at each token of the completion, in nats.
    pub token_kls: Vec<f64>,
    /// `log p_model(y)`, in nats.
    pub model_logp: f64,
    /// `log p_other(y)`, in nats.
    pub other_logp: f64,
}

impl TextDivergence {
    fn is_finite(&self) -> bool {
        self.token_kls.iter().chain([&self.model_logp, &self.other_logp]).all(|value| value.is_finite())
    }
}

/// The divergence between the next-token distributions of two models over the whole vocabulary, at each token of each
/// completion, in the order of the rows.
///
/// No `(rows, seq, vocab)` tensor is created: the distributions are computed for 512 positions at a time.
///
/// # Errors
/// When a row has no prompt or completion or is too long for a model, the vocabularies differ, `batch_size` is 0, or a
/// model returns NaN.
pub fn token_divergences(
    model: &dyn CausalLm,
    other: &dyn CausalLm,
    rows: &[PromptCompletion],
    batch_size: usize,
) -> Result<Vec<TextDivergence>> {
    if batch_size == 0 {
        return Err(option_error("batch_size", "is 0, expected at least 1"));
    }
    if model.vocab_size() != other.vocab_size() {
        let (a, b) = (model.vocab_size(), other.vocab_size());
        return Err(option_error(
            "reference",
            format!("has {b} token ids, the policy has {a}: both must use the same tokeniser"),
        ));
    }
    if let Some(at) = rows.iter().position(|row| row.prompt_ids.is_empty() || row.completion_ids.is_empty()) {
        return Err(option_error("texts", format!("row {} has no prompt or no completion", at + 1)));
    }
    let mut found = Vec::with_capacity(rows.len());
    let mut progress = Progress::begin("KL divergence", "texts", rows.len());
    for batch in rows.chunks(batch_size) {
        let texts = tch::no_grad(|| batch_divergences(model, other, batch))?;
        if let Some(at) = texts.iter().position(|text| !text.is_finite()) {
            let tensor = match model.parameters().first_not_finite()? {
                None => other.parameters().first_not_finite()?,
                found => found,
            };
            let (what, tensor) = ("the log-probabilities of text", tensor.map(str::to_owned));
            return Err(align_models::Error::NotFinite { what, number: (found.len() + at) as u64 + 1, tensor }.into());
        }
        found.extend(texts);
        progress.advance(batch.len());
    }
    Ok(found)
}

fn batch_divergences(
    model: &dyn CausalLm,
    other: &dyn CausalLm,
    rows: &[PromptCompletion],
) -> Result<Vec<TextDivergence>> {
    let length = |row: &PromptCompletion| row.prompt_ids.len() + row.completion_ids.len();
    let width = rows.iter().map(length).max().unwrap_or(0);
    let (mut ids, mut indices, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        // A causal model is not affected by padding on the right, so any id can be used.
        ids.extend(row.prompt_ids.iter().chain(row.completion_ids).copied());
        ids.extend(std::iter::repeat_n(0, width - length(row)));
        let first = number * width + row.prompt_ids.len() - 1;
        indices.extend((first..first + row.completion_ids.len()).map(|index| index as i64));
        labels.extend_from_slice(row.completion_ids);
    }
    let ids = Tensor::f_from_slice(&ids)?.f_view([rows.len() as i64, width as i64])?;
    let (indices, labels) = (Tensor::f_from_slice(&indices)?, Tensor::f_from_slice(&labels)?);
    let model_hidden = CompletionHidden::of(model, &ids, &indices)?;
    let other_hidden = CompletionHidden::of(other, &ids, &indices)?;
    let count = labels.size1()?;
    let (mut kls, mut model_logps, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for start in (0..count).step_by(CHUNK_POSITIONS as usize) {
        let taken = CHUNK_POSITIONS.min(count - start);
        let labels = labels.f_narrow(0, start, taken)?;
        let (p, q) = (model_hidden.log_probs(start, taken)?, other_hidden.log_probs(start, taken)?);
        let kl = p.f_exp()?.f_mul(&p.f_sub(&q)?)?.f_sum_dim_intlist([-1i64].as_slice(), false, Kind::Double)?;
        kls.extend(floats(&kl)?);
        model_logps.extend(gather_labels(&p, &labels)?);
        others.extend(gather_labels(&q, &labels)?);
    }
    let mut start = 0;
    let of_row = |row: &PromptCompletion| {
        let range = start..start + row.completion_ids.len();
        start = range.end;
        let part = |values: &[f64]| values.get(range.clone()).unwrap_or_default().to_vec();
        let sum = |values: &[f64]| part(values).iter().sum();
        TextDivergence { token_kls: part(&kls), model_logp: sum(&model_logps), other_logp: sum(&others) }
    };
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

    /// Log-probabilities over the vocabulary, float32 `(taken, vocab)`, on the CPU.
    fn log_probs(&self, start: i64, taken: i64) -> Result<Tensor> {
        let logits = self.model.logits(&self.hidden.f_narrow(0, start, taken)?)?;
        Ok(logits.f_log_softmax(-1, Kind::Float)?.f_to_device(Device::Cpu)?)
    }
}

fn gather_labels(log_probs: &Tensor, labels: &Tensor) -> Result<Vec<f64>> {
    floats(&log_probs.f_gather(-1, &labels.f_unsqueeze(-1)?, false)?.f_squeeze_dim(-1)?)
}

fn floats(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(Vec::try_from(tensor.f_to_kind(Kind::Double)?)?)
}
