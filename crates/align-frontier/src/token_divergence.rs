use crate::Result;
use crate::error::refusal;
use align_models::{Attention, CausalLm};
use align_train::Completion;
use tch::{Device, Kind, Tensor};

/// Places whose distributions over the vocabulary are held at once.
const PLACES: i64 = 512;

/// How two models differ along one text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextDivergence {
    /// `KL(p_writer(·|y_<t) ‖ p_other(·|y_<t))` at each token of the completion, in nats.
    pub token_kls: Vec<f64>,
    /// `log p_writer(y)`, in nats.
    pub writer_logp: f64,
    /// `log p_other(y)`, in nats.
    pub other_logp: f64,
}

impl TextDivergence {
    fn is_finite(&self) -> bool {
        self.token_kls.iter().chain([&self.writer_logp, &self.other_logp]).all(|value| value.is_finite())
    }
}

/// The divergence of the next-token distributions of two models, over the whole vocabulary, at each token of each
/// completion; in the rows' order.
///
/// No `(rows, seq, vocab)` tensor is made: distributions are held for 512 places at a time.
///
/// # Errors
/// A row without a prompt or a completion or longer than the models take, models of different vocabularies, a
/// `batch_size` of 0, or a model that gives NaN.
pub fn token_divergences(
    writer: &dyn CausalLm,
    other: &dyn CausalLm,
    rows: &[Completion],
    batch_size: usize,
) -> Result<Vec<TextDivergence>> {
    if batch_size == 0 {
        return Err(refusal("batch_size", "is 0, expected at least 1"));
    }
    if writer.vocab_size() != other.vocab_size() {
        let (a, b) = (writer.vocab_size(), other.vocab_size());
        return Err(refusal("reference", format!("has {b} token ids, the policy {a}: both need one tokeniser")));
    }
    if let Some(at) = rows.iter().position(|row| row.prompt_ids.is_empty() || row.completion_ids.is_empty()) {
        return Err(refusal("texts", format!("row {} has no prompt or no token behind it", at + 1)));
    }
    let mut found = Vec::with_capacity(rows.len());
    for batch in rows.chunks(batch_size) {
        let texts = tch::no_grad(|| of_batch(writer, other, batch))?;
        if let Some(at) = texts.iter().position(|text| !text.is_finite()) {
            let tensor = match writer.parameters().first_not_finite()? {
                None => other.parameters().first_not_finite()?,
                found => found,
            };
            let (what, tensor) = ("the log-probabilities of text", tensor.map(str::to_owned));
            return Err(align_models::Error::NotFinite { what, number: (found.len() + at) as u64 + 1, tensor }.into());
        }
        found.extend(texts);
    }
    Ok(found)
}

fn of_batch(writer: &dyn CausalLm, other: &dyn CausalLm, rows: &[Completion]) -> Result<Vec<TextDivergence>> {
    let length = |row: &Completion| row.prompt_ids.len() + row.completion_ids.len();
    let width = rows.iter().map(length).max().unwrap_or(0);
    let (mut ids, mut places, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        // Padding on the right is invisible to a causal model, so any id serves.
        ids.extend(row.prompt_ids.iter().chain(row.completion_ids).copied());
        ids.extend(std::iter::repeat_n(0, width - length(row)));
        let first = number * width + row.prompt_ids.len() - 1;
        places.extend((first..first + row.completion_ids.len()).map(|place| place as i64));
        labels.extend_from_slice(row.completion_ids);
    }
    let ids = Tensor::f_from_slice(&ids)?.f_view([rows.len() as i64, width as i64])?;
    let (places, labels) = (Tensor::f_from_slice(&places)?, Tensor::f_from_slice(&labels)?);
    let writer_hidden = Selected::of(writer, &ids, &places)?;
    let other_hidden = Selected::of(other, &ids, &places)?;
    let count = labels.size1()?;
    let (mut kls, mut writers, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for start in (0..count).step_by(PLACES as usize) {
        let taken = PLACES.min(count - start);
        let labels = labels.f_narrow(0, start, taken)?;
        let (p, q) = (writer_hidden.log_probs(start, taken)?, other_hidden.log_probs(start, taken)?);
        let kl = p.f_exp()?.f_mul(&p.f_sub(&q)?)?.f_sum_dim_intlist([-1i64].as_slice(), false, Kind::Double)?;
        kls.extend(floats(&kl)?);
        writers.extend(at_labels(&p, &labels)?);
        others.extend(at_labels(&q, &labels)?);
    }
    let mut start = 0;
    let of_row = |row: &Completion| {
        let range = start..start + row.completion_ids.len();
        start = range.end;
        let part = |values: &[f64]| values.get(range.clone()).unwrap_or_default().to_vec();
        let sum = |values: &[f64]| part(values).iter().sum();
        TextDivergence { token_kls: part(&kls), writer_logp: sum(&writers), other_logp: sum(&others) }
    };
    Ok(rows.iter().map(of_row).collect())
}

/// Hidden states at the places that predict a completion's token.
struct Selected<'a> {
    model: &'a dyn CausalLm,
    hidden: Tensor,
}

impl<'a> Selected<'a> {
    fn of(model: &'a dyn CausalLm, ids: &Tensor, places: &Tensor) -> Result<Self> {
        let hidden = model.hidden(ids, None, &Attention::Causal, None)?;
        let width = hidden.size3()?.2;
        let hidden = hidden.f_view([-1, width])?.f_index_select(0, &places.f_to_device(model.device())?)?;
        Ok(Self { model, hidden })
    }

    /// Log-probabilities over the vocabulary, float32 `(taken, vocab)`, on the CPU's side.
    fn log_probs(&self, start: i64, taken: i64) -> Result<Tensor> {
        let logits = self.model.logits(&self.hidden.f_narrow(0, start, taken)?)?;
        Ok(logits.f_log_softmax(-1, Kind::Float)?.f_to_device(Device::Cpu)?)
    }
}

fn at_labels(log_probs: &Tensor, labels: &Tensor) -> Result<Vec<f64>> {
    floats(&log_probs.f_gather(-1, &labels.f_unsqueeze(-1)?, false)?.f_squeeze_dim(-1)?)
}

fn floats(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(Vec::try_from(tensor.f_to_kind(Kind::Double)?)?)
}
