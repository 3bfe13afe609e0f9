use super::along_texts::TokenisedText;
use super::grouped_ratio::grouped_ratio;
use crate::Result;
use crate::along_completions::{along_completions, floats};
use crate::token_divergence::{check_rows, not_finite};
use align_inference::PromptCompletion;
use align_metrics::{Bootstrap, Clusters, Estimate};
use align_models::CausalLm;
use serde::Serialize;
use std::f64::consts::LN_2;
use tch::{Kind, Tensor};

/// Number of positions whose distributions are held in memory at once, in float64.
const CHUNK_POSITIONS: i64 = 128;

/// The divergences of the next-token distributions of two models along texts, exact over the vocabulary, in nats except for the total
/// variation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NextTokenDivergences {
    /// `KL(first ‖ second)`.
    pub kl_first_second: DivergenceEstimate,
    /// `KL(second ‖ first)`.
    pub kl_second_first: DivergenceEstimate,
    /// The Jensen-Shannon divergence, at most ln 2 per token.
    pub jensen_shannon: DivergenceEstimate,
    /// The total variation distance, at most 1 per token.
    pub total_variation: DivergenceEstimate,
}

/// A divergence along texts, with intervals that resample texts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DivergenceEstimate {
    /// The mean over tokens.
    pub per_token: Estimate,
    /// The mean over texts of the sum over a text's tokens.
    pub per_text: Estimate,
}

/// The divergences at each token of the texts' completions, in one pass: `KL(first ‖ second)`, `KL(second ‖ first)`, Jensen-Shannon
/// and total variation.
///
/// # Errors
/// Those of [`token_divergences`](crate::token_divergences).
pub fn next_token_divergences(
    first: &dyn CausalLm,
    second: &dyn CausalLm,
    texts: &[PromptCompletion],
    batch_size: usize,
) -> Result<Vec<[Vec<f64>; 4]>> {
    check_rows(first, second, texts, batch_size)?;
    let mut found = Vec::with_capacity(texts.len());
    for batch in texts.chunks(batch_size) {
        let at = (CHUNK_POSITIONS, Kind::Double);
        let texts = tch::no_grad(|| along_completions([first, second], batch, at, divergences))?;
        let is_finite = |text: &[Vec<f64>; 4]| text.iter().flatten().all(|value| value.is_finite());
        if let Some(at) = texts.iter().position(|text| !is_finite(text)) {
            return Err(not_finite([first, second], "the log-probabilities of text", found.len() + at)?);
        }
        found.extend(texts);
    }
    Ok(found)
}

/// The divergences at each row of log-probabilities.
fn divergences(p: &Tensor, q: &Tensor) -> Result<[Vec<f64>; 4]> {
    let sum = |x: Tensor| x.f_sum_dim_intlist([-1i64].as_slice(), false, Kind::Double);
    let (p_exp, q_exp) = (p.f_exp()?, q.f_exp()?);
    let (there, back) = (p.f_sub(q)?, q.f_sub(p)?);
    // log(p / m) = ln 2 - log(1 + q / p) for the mixture m = (p + q) / 2, which is exactly 0 if p = q.
    let zero = Tensor::f_zeros_like(p)?;
    let to_middle = |weight: &Tensor, log_ratio: &Tensor| {
        let log = zero.f_logaddexp(log_ratio)?.f_neg()?.f_add_scalar(LN_2)?;
        sum(weight.f_mul(&log)?)
    };
    let half = to_middle(&p_exp, &back)?.f_add(&to_middle(&q_exp, &there)?)?.f_mul_scalar(0.5)?;
    // Rounding may take a divergence out of its range by 1e-16.
    let between = |x: Tensor, high: f64| floats(&x.f_clamp(0.0, high)?);
    Ok([
        between(sum(p_exp.f_mul(&there)?)?, f64::INFINITY)?,
        between(sum(q_exp.f_mul(&back)?)?, f64::INFINITY)?,
        between(half, LN_2)?,
        between(sum(p_exp.f_sub(&q_exp)?.f_abs()?)?.f_mul_scalar(0.5)?, 1.0)?,
    ])
}

impl NextTokenDivergences {
    pub(super) fn of(
        models: [&dyn CausalLm; 2],
        texts: &[TokenisedText],
        groups: &Clusters,
        (bootstrap, batch_size): (&Bootstrap, usize),
    ) -> Result<Self> {
        let rows: Vec<PromptCompletion> = texts.iter().map(TokenisedText::row).collect();
        let found = next_token_divergences(models[0], models[1], &rows, batch_size)?;
        let tokens: Vec<f64> = rows.iter().map(|row| row.completion_ids.len() as f64).collect();
        let ones = vec![1.0; rows.len()];
        let estimate = |sums: Vec<f64>| {
            Ok::<_, crate::Error>(DivergenceEstimate {
                per_token: grouped_ratio(groups, &sums, &tokens, bootstrap)?,
                per_text: grouped_ratio(groups, &sums, &ones, bootstrap)?,
            })
        };
        let sums = |of: fn(&[Vec<f64>; 4]) -> &Vec<f64>| found.iter().map(|text| of(text).iter().sum()).collect();
        Ok(Self {
            kl_first_second: estimate(sums(|[kl, _, _, _]| kl))?,
            kl_second_first: estimate(sums(|[_, kl, _, _]| kl))?,
            jensen_shannon: estimate(sums(|[_, _, js, _]| js))?,
            total_variation: estimate(sums(|[_, _, _, tv]| tv))?,
        })
    }
}
