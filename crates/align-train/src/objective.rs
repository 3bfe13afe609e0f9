//! The two phases of a step: log-probabilities forward without the vocabulary's graph, then the derivative back.

use crate::{PairMetrics, Result};
use align_data::PairBatch;
use align_losses::{LinearLogps, LogpsGradient, Pair, TokenStatistics};
use align_models::{Attention, CausalLm};
use tch::{Kind, Tensor};

/// Where a batch's completion tokens stand.
#[derive(Debug)]
pub(crate) struct CompletionTokens {
    /// Positions, in `(2 · batch · seq)`, of the hidden states that predict them: `(n)`.
    predictors: Tensor,
    /// Their ids, `(n)`.
    targets: Tensor,
    /// The row in `(2 · batch)` of each, `(n)`.
    rows: Tensor,
    /// Completion tokens a row, `(2 · batch)`, float32.
    counts: Tensor,
    /// Tokens of all chosen completions; these come first.
    chosen: i64,
    /// Tokens of all completions.
    total: i64,
}

impl CompletionTokens {
    pub fn of(batch: &PairBatch) -> Result<Self> {
        let (rows, seq) = batch.completion_mask.size2()?;
        // Position t predicts token t + 1.
        let shifted = batch.completion_mask.f_narrow(1, 1, seq - 1)?;
        let at = shifted.f_nonzero()?;
        let (row, column) = (at.f_select(1, 0)?, at.f_select(1, 1)?);
        let predictors = row.f_mul_scalar(seq)?.f_add(&column)?;
        let targets = batch.input_ids.f_reshape([-1])?.f_index_select(0, &predictors.f_add_scalar(1)?)?;
        let counts = shifted.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Float)?;
        let chosen = counts.f_narrow(0, 0, rows / 2)?.f_sum(Kind::Int64)?.f_int64_value(&[])?;
        let total = at.size2()?.0;
        Ok(Self { predictors, targets, rows: row, counts, chosen, total })
    }

    /// The hidden states that predict completion tokens: `(batch, seq, n_embd)` to `(n, n_embd)`.
    fn select(&self, hidden: &Tensor) -> Result<Tensor> {
        let width = hidden.size3()?.2;
        Ok(hidden.f_reshape([-1, width])?.f_index_select(0, &self.predictors)?)
    }

    /// Sums of token values by sequence, `(n)` to `(2 · batch)`.
    fn by_sequence(&self, tokens: &Tensor) -> Result<Tensor> {
        Ok(Tensor::f_zeros(self.counts.size(), (tokens.kind(), tokens.device()))?.f_index_add(0, &self.rows, tokens)?)
    }

    /// Completion tokens of each side, `(batch)`, float32.
    pub fn counts(&self) -> Result<Pair<Tensor>> {
        halves(&self.counts)
    }
}

/// A `(2 · batch)` tensor as its chosen and rejected halves.
fn halves(both: &Tensor) -> Result<Pair<Tensor>> {
    let batch = both.size1()? / 2;
    Ok(Pair { chosen: both.f_narrow(0, 0, batch)?, rejected: both.f_narrow(0, batch, batch)? })
}

/// The policy's log-probabilities of a batch, and what backward needs.
pub(crate) struct Forward {
    /// Each side's summed log-probability, `(batch)`, float32.
    pub logps: Pair<Tensor>,
    pub statistics: TokenStatistics,
    /// The hidden states that predict completion tokens, with their graph.
    selected: Tensor,
    linear: LinearLogps,
}

/// Runs a model over a batch without a graph: each side's summed log-probability, `(batch)`.
pub(crate) fn frozen_logps(
    model: &impl CausalLm,
    batch: &PairBatch,
    tokens: &CompletionTokens,
) -> Result<Pair<Tensor>> {
    tch::no_grad(|| {
        let selected = tokens.select(&model.hidden(&batch.input_ids, None, &Attention::Causal, None)?)?;
        let logps = align_losses::linear_logps(&selected, model.head(), &tokens.targets)?;
        halves(&tokens.by_sequence(&logps)?)
    })
}

/// Runs the policy over a batch; with a graph unless gradients are off.
pub(crate) fn forward(policy: &impl CausalLm, batch: &PairBatch, tokens: &CompletionTokens) -> Result<Forward> {
    let hidden = policy.hidden(&batch.input_ids, None, &Attention::Causal, None)?;
    let selected = tokens.select(&hidden)?;
    let (linear, statistics) =
        LinearLogps::forward_with_statistics(&selected.detach(), policy.head(), &tokens.targets)?;
    let logps = halves(&tokens.by_sequence(linear.logps())?)?;
    Ok(Forward { logps, statistics, selected, linear })
}

/// Adds to every weight's gradient: `by_logps` is the derivative of the batch's loss by each side's log-probability.
pub(crate) fn backward(
    policy: &impl CausalLm,
    forward: Forward,
    tokens: &CompletionTokens,
    by_logps: &Pair<Tensor>,
) -> Result<()> {
    let by_sequence = Tensor::f_cat(&[&by_logps.chosen, &by_logps.rejected], 0)?;
    let by_token = by_sequence.f_index_select(0, &tokens.rows)?;
    let LogpsGradient { hidden } = tch::no_grad(|| forward.linear.backward(&by_token, &mut policy.head().grad()))?;
    // The gradient of this sum by `selected` is `hidden`: tch takes no output gradient.
    forward.selected.f_mul(&hidden)?.f_sum(forward.selected.kind())?.f_backward()?;
    Ok(())
}

/// TRL's metrics of one micro-batch.
pub(crate) fn pair_metrics(
    forward: &Forward,
    rewards: &Pair<Tensor>,
    tokens: &CompletionTokens,
) -> Result<PairMetrics> {
    let mean = |x: &Tensor| x.f_mean(Kind::Double)?.f_double_value(&[]);
    let part = |x: &Tensor, from: i64, len: i64| mean(&x.f_narrow(0, from, len)?);
    let rejected = tokens.total - tokens.chosen;
    let s = &forward.statistics;
    Ok(PairMetrics {
        entropy: mean(&s.entropy)?,
        logits_chosen: part(&s.mean_logit, 0, tokens.chosen)?,
        logits_rejected: part(&s.mean_logit, tokens.chosen, rejected)?,
        mean_token_accuracy: part(&s.correct, 0, tokens.chosen)?,
        rewards_chosen: mean(&rewards.chosen)?,
        rewards_rejected: mean(&rewards.rejected)?,
        rewards_accuracies: mean(&rewards.chosen.f_gt_tensor(&rewards.rejected)?)?,
        rewards_margins: mean(&rewards.chosen.f_sub(&rewards.rejected)?)?,
        logps_chosen: mean(&forward.logps.chosen)?,
        logps_rejected: mean(&forward.logps.rejected)?,
    })
}
