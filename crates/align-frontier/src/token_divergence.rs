use crate::along_completions::{along_completions, floats};
use crate::error::option_error;
use crate::{Error, Result};
use align_base::Progress;
use align_inference::PromptCompletion;
use align_models::CausalLm;
use tch::{Kind, Tensor};

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
    check_rows(model, other, rows, batch_size)?;
    let mut found = Vec::with_capacity(rows.len());
    let mut progress = Progress::begin("KL divergence", "texts", rows.len());
    for batch in rows.chunks(batch_size) {
        let texts = tch::no_grad(|| batch_divergences(model, other, batch))?;
        if let Some(at) = texts.iter().position(|text| !text.is_finite()) {
            return Err(not_finite([model, other], "the log-probabilities of text", found.len() + at)?);
        }
        found.extend(texts);
        progress.advance(batch.len());
    }
    Ok(found)
}

/// Checks that two models can be compared along these rows.
pub(crate) fn check_rows(
    model: &dyn CausalLm,
    other: &dyn CausalLm,
    rows: &[PromptCompletion],
    batch_size: usize,
) -> Result<()> {
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
    match rows.iter().position(|row| row.prompt_ids.is_empty() || row.completion_ids.is_empty()) {
        Some(at) => Err(option_error("texts", format!("row {} has no prompt or no completion", at + 1))),
        None => Ok(()),
    }
}

/// The error for numbers of a text, counted from 0, that are not finite. It names a weight that is not finite.
pub(crate) fn not_finite(models: [&dyn CausalLm; 2], what: &'static str, text: usize) -> Result<Error> {
    let mut tensor = None;
    for model in models {
        tensor = tensor.or(model.parameters().first_not_finite()?.map(str::to_owned));
    }
    Ok(align_models::Error::NotFinite { what, number: text as u64 + 1, tensor }.into())
}

fn batch_divergences(
    model: &dyn CausalLm,
    other: &dyn CausalLm,
    rows: &[PromptCompletion],
) -> Result<Vec<TextDivergence>> {
    let labels: Vec<i64> = rows.iter().flat_map(|row| row.completion_ids).copied().collect();
    let (labels, mut start) = (Tensor::f_from_slice(&labels)?, 0);
    let of_chunk = |p: &Tensor, q: &Tensor| {
        let taken = p.size2()?.0;
        let labels = labels.f_narrow(0, start, taken)?;
        start += taken;
        let kl = p.f_exp()?.f_mul(&p.f_sub(q)?)?.f_sum_dim_intlist([-1i64].as_slice(), false, Kind::Double)?;
        Ok([floats(&kl)?, gather_labels(p, &labels)?, gather_labels(q, &labels)?])
    };
    let texts = along_completions([model, other], rows, (CHUNK_POSITIONS, Kind::Float), of_chunk)?;
    let text = |[token_kls, model_logps, other_logps]: [Vec<f64>; 3]| TextDivergence {
        token_kls,
        model_logp: model_logps.iter().sum(),
        other_logp: other_logps.iter().sum(),
    };
    Ok(texts.into_iter().map(text).collect())
}

fn gather_labels(log_probs: &Tensor, labels: &Tensor) -> Result<Vec<f64>> {
    floats(&log_probs.f_gather(-1, &labels.f_unsqueeze(-1)?, false)?.f_squeeze_dim(-1)?)
}
