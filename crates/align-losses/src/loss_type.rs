use std::fmt;

/// Which loss [`DpoLoss`](crate::DpoLoss) puts on the margin between a pair's scores, under TRL's names.
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
}

impl LossType {
    /// The name, as configurations spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::Hinge => "hinge",
            Self::Ipo => "ipo",
            Self::IpoSum => "ipo_sum",
        }
    }
}

impl fmt::Display for LossType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
