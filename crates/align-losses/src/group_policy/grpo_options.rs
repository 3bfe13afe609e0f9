use super::{ClipRange, GrpoLossType, ImportanceSamplingLevel};
use crate::{Error, Result, check};
use serde::{Deserialize, Serialize};

/// GRPO's hyper-parameters, under the names and with the defaults of TRL's `GRPOConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrpoOptions {
    /// The loss.
    pub loss_type: GrpoLossType,
    /// The weight of the KL divergence from the reference model; 0 for none.
    pub beta: f64,
    /// How far below 1, and by default above 1, a ratio counts.
    pub epsilon: f64,
    /// How far above 1 a ratio counts (DAPO's clip-higher); `epsilon` by default. For cispo: the largest ratio.
    pub epsilon_high: Option<f64>,
    /// The largest ratio outside the clip (INTELLECT-2's two-sided clip, arXiv:2505.07291); no limit by default.
    pub delta: Option<f64>,
    /// Whether the ratio is one number per token or per completion.
    pub importance_sampling_level: ImportanceSamplingLevel,
    /// Whether the KL divergence of a token is multiplied by the ratio, so that its gradient is that of the reverse KL divergence
    /// (DeepSeek-V3.2, arXiv:2512.02556).
    pub use_bias_correction_kl: bool,
    /// Leaves out completions with a negative advantage whose mean of `log π_old - log π` is above this (DeepSeek-V3.2); none by default.
    pub off_policy_mask_threshold: Option<f64>,
    /// The constant that `dr_grpo` divides by, in tokens; the other loss types ignore it.
    pub max_completion_length: Option<usize>,
    /// SAPO's temperature for negative advantages.
    pub sapo_temperature_neg: f64,
    /// SAPO's temperature for positive advantages.
    pub sapo_temperature_pos: f64,
    /// VESPO's exponent for positive advantages.
    pub vespo_k_pos: f64,
    /// VESPO's decay for positive advantages.
    pub vespo_lambda_pos: f64,
    /// VESPO's exponent for negative advantages.
    pub vespo_k_neg: f64,
    /// VESPO's decay for negative advantages.
    pub vespo_lambda_neg: f64,
}

impl Default for GrpoOptions {
    /// `dapo` with `epsilon` 0.2 and without KL penalty.
    fn default() -> Self {
        Self {
            loss_type: GrpoLossType::Dapo,
            beta: 0.0,
            epsilon: 0.2,
            epsilon_high: None,
            delta: None,
            importance_sampling_level: ImportanceSamplingLevel::Token,
            use_bias_correction_kl: true,
            off_policy_mask_threshold: None,
            max_completion_length: None,
            sapo_temperature_neg: 1.05,
            sapo_temperature_pos: 1.0,
            vespo_k_pos: 2.0,
            vespo_lambda_pos: 3.0,
            vespo_k_neg: 3.0,
            vespo_lambda_neg: 2.0,
        }
    }
}

impl GrpoOptions {
    /// Checks the options. [`GrpoLoss::new`](super::GrpoLoss::new) calls it.
    ///
    /// # Errors
    /// An option outside its range, one that the loss type needs, or one that it would ignore.
    pub fn validate(&self) -> Result<()> {
        check::at_least_zero("beta", self.beta)?;
        self.clip_range().validate()?;
        for (name, value) in [("delta", self.delta), ("off_policy_mask_threshold", self.off_policy_mask_threshold)] {
            check::above_zero(name, value.unwrap_or(1.0))?;
        }
        check::above_zero("sapo_temperature_neg", self.sapo_temperature_neg)?;
        check::above_zero("sapo_temperature_pos", self.sapo_temperature_pos)?;
        for (name, value) in self.vespo() {
            check::at_least_zero(name, value)?;
        }
        self.check_needed()?;
        self.check_ignored()
    }

    /// The range of the clip.
    #[must_use]
    pub fn clip_range(&self) -> ClipRange {
        ClipRange { epsilon: self.epsilon, epsilon_high: self.epsilon_high }
    }

    /// The largest ratio of cispo.
    pub(super) fn cispo_cap(&self) -> f64 {
        self.epsilon_high.unwrap_or(self.epsilon)
    }

    fn vespo(&self) -> [(&'static str, f64); 4] {
        [
            ("vespo_k_pos", self.vespo_k_pos),
            ("vespo_lambda_pos", self.vespo_lambda_pos),
            ("vespo_k_neg", self.vespo_k_neg),
            ("vespo_lambda_neg", self.vespo_lambda_neg),
        ]
    }

    fn check_needed(&self) -> Result<()> {
        let fail = |option, reason: &str| Err(Error::GroupPolicyOption { option, reason: reason.into() });
        match self.loss_type {
            GrpoLossType::DrGrpo if self.max_completion_length.is_none_or(|length| length == 0) => fail(
                "max_completion_length",
                "is not set or 0, but loss_type dr_grpo divides by it: set it to at least 1",
            ),
            GrpoLossType::Cispo if self.epsilon_high.is_none_or(|cap| cap <= 0.0) => fail(
                "epsilon_high",
                "is not set or 0, but loss_type cispo takes it as the largest ratio: set it, for example to 5",
            ),
            GrpoLossType::Luspo if self.importance_sampling_level == ImportanceSamplingLevel::Token => fail(
                "importance_sampling_level",
                "is token, but loss_type luspo is defined for ratios of sequences: set it to sequence",
            ),
            _ => Ok(()),
        }
    }

    fn check_ignored(&self) -> Result<()> {
        let (default, loss) = (Self::default(), self.loss_type);
        let sapo = loss != GrpoLossType::Sapo;
        let vespo = loss != GrpoLossType::Vespo;
        let level = self.importance_sampling_level == ImportanceSamplingLevel::Sequence;
        let in_kl = self.beta > 0.0 && self.use_bias_correction_kl;
        let vespo_options = self.vespo().into_iter().zip(default.vespo());
        let ignored = [
            ("delta", self.delta.is_some() && !loss.clips()),
            ("epsilon", self.epsilon != default.epsilon && !loss.clips()),
            ("epsilon_high", self.epsilon_high.is_some() && !loss.clips() && loss != GrpoLossType::Cispo),
            ("sapo_temperature_neg", sapo && self.sapo_temperature_neg != default.sapo_temperature_neg),
            ("sapo_temperature_pos", sapo && self.sapo_temperature_pos != default.sapo_temperature_pos),
            ("importance_sampling_level", level && !vespo && !in_kl),
        ];
        let ignored =
            ignored.into_iter().chain(vespo_options.map(|((name, value), (_, usual))| (name, vespo && value != usual)));
        if let Some((option, _)) = ignored.into_iter().find(|(_, ignored)| *ignored) {
            let reason = format!("has no effect with loss_type {loss}: remove it, or use another loss_type");
            return Err(Error::GroupPolicyOption { option, reason });
        }
        if !self.use_bias_correction_kl && self.beta == 0.0 {
            let reason =
                "is false, but beta is 0, so that there is no KL penalty to correct: remove it or set beta".into();
            return Err(Error::GroupPolicyOption { option: "use_bias_correction_kl", reason });
        }
        Ok(())
    }
}
