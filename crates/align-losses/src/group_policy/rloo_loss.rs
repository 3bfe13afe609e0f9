use super::clip_range::{Clipped, surrogate};
use super::ratio::sum_of_row;
use super::{ClipRange, GroupPolicyLoss, GroupPolicyOutput, PolicyStatistics, PolicyTokens};
use crate::{Mean, Over, Result};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// The hyper-parameters of RLOO's loss, under the names and with the defaults of TRL's `RLOOConfig`. Those of its advantages are
/// [`RlooAdvantageOptions`](super::RlooAdvantageOptions).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RlooOptions {
    /// How far below 1, and by default above 1, a ratio counts.
    pub epsilon: f64,
    /// How far above 1 a ratio counts; `epsilon` by default.
    pub epsilon_high: Option<f64>,
}

impl Default for RlooOptions {
    /// `epsilon` 0.2.
    fn default() -> Self {
        Self { epsilon: 0.2, epsilon_high: None }
    }
}

impl RlooOptions {
    /// The range of the clip.
    #[must_use]
    pub fn clip_range(&self) -> ClipRange {
        ClipRange { epsilon: self.epsilon, epsilon_high: self.epsilon_high }
    }
}

/// RLOO's loss (arXiv:2402.14740): the mean over completions of `-min(r A, clip(r, 1 - ε, 1 + ε_high) A)` with the ratio of the whole
/// completion, `r = π(y) / π_old(y)`, and the advantages of [`rloo_advantages`](super::rloo_advantages). The KL divergence is part of the
/// rewards, so there is no term for it.
///
/// ```
/// use align_losses::{GroupPolicyLoss, PolicyTokens, RlooLoss, RlooOptions};
/// use tch::Tensor;
/// let logps = Tensor::from_slice2(&[[-1.0f64, -2.0], [-0.5, 0.0]]);
/// let mask = Tensor::from_slice2(&[[true, true], [true, false]]);
/// let tokens = PolicyTokens::new(&logps, &mask, &Tensor::from_slice(&[1.5f64, -1.0]))?;
/// let output = RlooLoss::new(RlooOptions::default())?.loss_and_gradient(&tokens)?;
/// assert_eq!(output.loss.value, -0.25);
/// assert_eq!(output.gradient, Tensor::from_slice2(&[[-0.75f64, -0.75], [0.5, 0.0]]));
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RlooLoss {
    options: RlooOptions,
}

/// The values of completions, each `(rows, 1)`.
struct Parts {
    ratio: Tensor,
    losses: Tensor,
    by_ratio: Tensor,
}

impl RlooLoss {
    /// Creates the loss.
    ///
    /// # Errors
    /// An `epsilon` or `epsilon_high` that is not a finite number of at least 0.
    pub fn new(options: RlooOptions) -> Result<Self> {
        options.clip_range().validate()?;
        Ok(Self { options })
    }

    /// The options.
    pub fn options(&self) -> &RlooOptions {
        &self.options
    }

    fn parts(&self, tokens: &PolicyTokens) -> Result<Parts> {
        let ratio = sum_of_row(&tokens.log_ratios()?)?.f_exp()?;
        let (losses, by_ratio) = surrogate(&ratio, &tokens.advantages, self.options.clip_range(), None)?;
        Ok(Parts { ratio, losses, by_ratio })
    }
}

impl GroupPolicyLoss for RlooLoss {
    fn loss(&self, tokens: &PolicyTokens) -> Result<Tensor> {
        let losses = self.parts(tokens)?.losses;
        Ok(losses.f_mean(losses.kind())?)
    }

    fn loss_and_gradient(&self, tokens: &PolicyTokens) -> Result<GroupPolicyOutput> {
        tch::no_grad(|| {
            let Parts { ratio, losses, by_ratio } = self.parts(tokens)?;
            let rows = tokens.rows() as f64;
            let gradient = by_ratio.f_mul(&ratio)?.f_div_scalar(rows.max(1.0))?.f_mul(&tokens.mask)?;
            let mut statistics = PolicyStatistics::default();
            let clipped = Clipped::new(&ratio, &tokens.advantages, self.options.clip_range())?;
            statistics.set_clipped(tokens, &clipped, Over::Rows)?;
            let loss = losses.f_sum(Kind::Double)?.f_double_value(&[])? / rows.max(1.0);
            Ok(GroupPolicyOutput { loss: Mean { value: loss, over: Over::Rows, count: rows }, gradient, statistics })
        })
    }

    fn mean_over(&self) -> Over {
        Over::Rows
    }

    fn is_zero_without_advantage(&self) -> bool {
        true
    }
}
