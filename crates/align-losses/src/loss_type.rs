use std::fmt;

/// Which loss a [`DpoLoss`](crate::DpoLoss) is, under TRL's names where TRL has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LossType {
    /// [`sigmoid`](crate::sigmoid): DPO, and with label smoothing [`conservative_sigmoid`](crate::conservative_sigmoid).
    #[default]
    Sigmoid,
    /// [`hinge`](crate::hinge): SLiC's margin loss.
    Hinge,
    /// [`ipo`](crate::ipo): IPO on scores divided by completion length, as TRL and IPO's authors run it.
    Ipo,
    /// [`ipo_sum`](crate::ipo_sum): IPO on summed scores, as its paper's eq. 17 stands.
    IpoSum,
    /// [`exo_pair`](crate::exo_pair): needs label smoothing.
    ExoPair,
    /// [`nca_pair`](crate::nca_pair).
    NcaPair,
    /// [`robust`](crate::robust): DPO that undoes a known rate of flipped labels.
    Robust,
    /// [`bco_pair`](crate::bco_pair).
    BcoPair,
    /// [`sppo_hard`](crate::sppo_hard).
    SppoHard,
    /// [`aot`](crate::aot): couples the pairs of a batch.
    Aot,
    /// [`aot_unpaired`](crate::aot_unpaired): couples the completions of a batch.
    AotUnpaired,
    /// [`apo_zero`](crate::apo_zero).
    ApoZero,
    /// [`apo_down`](crate::apo_down).
    ApoDown,
    /// [`discopop`](crate::discopop).
    Discopop,
    /// [`sigmoid_norm`](crate::sigmoid_norm): DPO on scores divided by completion length.
    SigmoidNorm,
    /// [`sft`](crate::sft): the likelihood of the chosen completions, one number for the batch.
    Sft,
    /// [`squared`](crate::squared): GPO's, and this crate's, as are those below.
    Squared,
    /// [`exponential`](crate::exponential).
    Exponential,
    /// [`truncated_quadratic`](crate::truncated_quadratic).
    TruncatedQuadratic,
    /// [`savage`](crate::savage).
    Savage,
    /// [`dpop`](crate::dpop): DPO-Positive.
    Dpop,
    /// [`cal_dpo`](crate::cal_dpo): calibrated DPO.
    CalDpo,
}

impl LossType {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::Sigmoid,
        Self::Hinge,
        Self::Ipo,
        Self::IpoSum,
        Self::ExoPair,
        Self::NcaPair,
        Self::Robust,
        Self::BcoPair,
        Self::SppoHard,
        Self::Aot,
        Self::AotUnpaired,
        Self::ApoZero,
        Self::ApoDown,
        Self::Discopop,
        Self::SigmoidNorm,
        Self::Sft,
        Self::Squared,
        Self::Exponential,
        Self::TruncatedQuadratic,
        Self::Savage,
        Self::Dpop,
        Self::CalDpo,
    ];

    /// The name, as configurations spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::Hinge => "hinge",
            Self::Ipo => "ipo",
            Self::IpoSum => "ipo_sum",
            Self::ExoPair => "exo_pair",
            Self::NcaPair => "nca_pair",
            Self::Robust => "robust",
            Self::BcoPair => "bco_pair",
            Self::SppoHard => "sppo_hard",
            Self::Aot => "aot",
            Self::AotUnpaired => "aot_unpaired",
            Self::ApoZero => "apo_zero",
            Self::ApoDown => "apo_down",
            Self::Discopop => "discopop",
            Self::SigmoidNorm => "sigmoid_norm",
            Self::Sft => "sft",
            Self::Squared => "squared",
            Self::Exponential => "exponential",
            Self::TruncatedQuadratic => "truncated_quadratic",
            Self::Savage => "savage",
            Self::Dpop => "dpop",
            Self::CalDpo => "cal_dpo",
        }
    }

    /// Whether it is a function of scores, which an [`FDivergence`](crate::FDivergence) other than reverse KL changes; the
    /// others are derived for log-ratios.
    pub fn takes_divergence(self) -> bool {
        self.takes_length_alpha() || self.is_length_normalised()
    }

    /// Whether it is a function of a margin between summed scores, which may be
    /// [`length_regularised`](crate::length_regularised).
    pub fn takes_length_alpha(self) -> bool {
        matches!(
            self,
            Self::Sigmoid
                | Self::Hinge
                | Self::IpoSum
                | Self::ExoPair
                | Self::Robust
                | Self::Discopop
                | Self::Squared
                | Self::Exponential
                | Self::TruncatedQuadratic
                | Self::Savage
        )
    }

    /// Whether it divides scores by completions' numbers of tokens.
    pub fn is_length_normalised(self) -> bool {
        matches!(self, Self::Ipo | Self::SigmoidNorm)
    }

    /// Whether its losses belong to the batch as a whole, not to one pair each, so that pairs cannot be weighted.
    pub fn is_of_the_batch(self) -> bool {
        matches!(self, Self::Aot | Self::AotUnpaired | Self::Sft)
    }

    /// Whether it knows of labels that are wrong.
    pub fn takes_label_smoothing(self) -> bool {
        matches!(self, Self::Sigmoid | Self::ExoPair | Self::Robust | Self::Aot | Self::AotUnpaired)
    }
}

impl fmt::Display for LossType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
