use super::{BuiltinLoss, ReferencePoint};
use crate::{LossInfo, Method, Result, check};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "BCO", paper: "https://arxiv.org/abs/2404.04656" },
        help: "BCO: a binary classifier of desirable and undesirable completions by their rewards",
        formula: "−log σ(β h − δ); −log σ(δ − β h). δ is a running mean of rewards",
        metrics: &["delta"],
        ..LossInfo::DEFAULT
    },
    reference_point: ReferencePoint::MeanReward,
    losses: |log_ratio, desirable, delta, options| bco(log_ratio, desirable, options.beta, delta.f_double_value(&[])?),
};

/// BCO: `-log σ(r - δ)` for a desirable completion, `-log σ(δ - r)` for an undesirable one, with the reward
/// `r = β (log π - log π_ref)` (binary classifier optimisation, arXiv:2404.04656; δ = `delta`).
///
/// A binary classifier of desirable and undesirable completions by their rewards. Its loss is an upper bound of DPO's. The shift δ, a running
/// mean of rewards ([`BcoShift`]), keeps the bound tight. The weights from a prompt classifier, which the paper also proposes, are not
/// implemented.
///
/// * `log_ratio`: `(batch,)`, differentiable.
/// * `desirable`: `(batch,)`, bool.
///
/// ```
/// use {align_losses::bco, tch::Tensor};
/// let (log_ratio, desirable) = (Tensor::from_slice(&[20.0f64, 20.0]), Tensor::from_slice(&[true, false]));
/// let losses = bco(&log_ratio, &desirable, 0.1, 2.0)?; // rewards of 2 on both sides
/// assert!((losses.double_value(&[1]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Log-ratios that are not floating-point, shapes, dtypes or devices that do not match, a `beta` that is not a finite number
/// above 0, or a `delta` that is not finite.
pub fn bco(log_ratio: &Tensor, desirable: &Tensor, beta: f64, delta: f64) -> Result<Tensor> {
    check::unpaired(log_ratio, desirable)?;
    check::beta(beta)?;
    if !delta.is_finite() {
        return Err(crate::Error::Hyperparameter { name: "delta", expected: "a finite number", found: delta });
    }
    let reward = beta * log_ratio - delta;
    Ok(-reward.f_where_self(desirable, &(-&reward))?.log_sigmoid())
}

/// The reward shift of [`bco`]: the running mean of all rewards. Serialisable, for checkpoints.
///
/// ```
/// let mut shift = align_losses::BcoShift::default();
/// shift.update(&tch::Tensor::from_slice(&[1.0f64, 3.0]))?;
/// shift.update(&tch::Tensor::from_slice(&[5.0f64]))?;
/// assert_eq!(shift.delta(), 3.0);
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BcoShift {
    count: u64,
    mean: f64,
}

impl BcoShift {
    /// Adds rewards of any shape.
    ///
    /// # Errors
    /// Rewards that are not floating-point, or whose mean is not finite.
    pub fn update(&mut self, rewards: &Tensor) -> Result<()> {
        check::float("rewards", rewards)?;
        let added = rewards.numel() as u64;
        if added == 0 {
            return Ok(());
        }
        let mean = rewards.f_detach()?.f_mean(Kind::Double)?.f_double_value(&[])?;
        if !mean.is_finite() {
            let expected = "rewards with a finite mean";
            return Err(crate::Error::Hyperparameter { name: "rewards", expected, found: mean });
        }
        self.count += added;
        self.mean += (mean - self.mean) * added as f64 / self.count as f64;
        Ok(())
    }

    /// The shift: 0 before any reward.
    pub fn delta(&self) -> f64 {
        self.mean
    }
}
