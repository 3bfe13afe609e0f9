use super::{BuiltinLoss, ReferencePoint};
use crate::{LossInfo, LossOption, Method, Result, check};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "KTO", paper: "https://arxiv.org/abs/2402.01306" },
        help: "KTO: a saturating loss on the reward relative to a KL estimate",
        formula: "λ_D (1 − σ(β (h − z))); λ_U (1 − σ(β (z − h))). z is the mean log-ratio of mismatched completions, at least 0; λ_D and λ_U are --desirable-weight and --undesirable-weight",
        options: &[LossOption::DesirableWeight, LossOption::UndesirableWeight],
        couples_batch: true,
        metrics: &["kl"],
        ..LossInfo::DEFAULT
    },
    reference_point: ReferencePoint::MismatchedKl,
    losses: |log_ratio, desirable, kl, options| kto(log_ratio, desirable, kl, options),
};

/// KTO: `λ_D (1 - σ(β (h - z)))` for a desirable completion, `λ_U (1 - σ(β (z - h)))` for an undesirable one, with
/// `h = log π - log π_ref` and `z` the [`kto_kl`] (eqs. 7 and 8 of arXiv:2402.01306).
///
/// For thumbs-up and thumbs-down feedback instead of pairs. The value of a completion is its reward relative to the reference point. It
/// saturates in both directions, like the human perception of gains and losses. With `n_D` desirable and `n_U` undesirable completions, the
/// paper recommends `λ_D n_D / (λ_U n_U)` of 1 or slightly more.
///
/// * `log_ratio`: `(batch,)`, differentiable.
/// * `desirable`: `(batch,)`, bool.
/// * `kl`: one number, from [`kto_kl`].
///
/// ```
/// use {align_losses::{kto, KtoOptions}, tch::Tensor};
/// let log_ratio = Tensor::from_slice(&[2.0f64, 2.0]);
/// let desirable = Tensor::from_slice(&[true, false]);
/// let losses = kto(&log_ratio, &desirable, &Tensor::from(2.0f64), &KtoOptions::default())?;
/// assert_eq!(losses, Tensor::from_slice(&[0.5f64, 0.5]));
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Log-ratios that are not floating-point, shapes, dtypes or devices that do not match, or options outside their range.
pub fn kto(log_ratio: &Tensor, desirable: &Tensor, kl: &Tensor, options: &KtoOptions) -> Result<Tensor> {
    check::unpaired(log_ratio, desirable)?;
    check::shape("kl", kl, &[])?;
    check::same_device("kl", kl, log_ratio)?;
    options.validate()?;
    let gain = options.beta * (log_ratio - kl.f_detach()?.f_to_kind(log_ratio.kind())?);
    let desired = options.desirable_weight * (-&gain).sigmoid();
    let undesired = options.undesirable_weight * gain.sigmoid();
    Ok(desired.f_where_self(desirable, &undesired)?)
}

/// KTO's reference point: `max(0, mean h)` over completions of *other* prompts, an estimate of `KL(π ‖ π_ref)` (the paper's
/// eq. for `z_0`). A number without a graph.
///
/// * `mismatched`: log-ratios of prompts combined with the completions of other prompts, `(n,)`.
///
/// ```
/// let kl = align_losses::kto_kl(&tch::Tensor::from_slice(&[1.0f64, 3.0]))?;
/// assert_eq!(kl.double_value(&[]), 2.0);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Log-ratios that are not floating-point.
pub fn kto_kl(mismatched: &Tensor) -> Result<Tensor> {
    check::float("mismatched", mismatched)?;
    Ok(mismatched.f_detach()?.f_mean(mismatched.kind())?.clamp_min(0.0))
}

/// KTO's hyper-parameters, under TRL's names and with its defaults.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KtoOptions {
    /// The scale of the rewards. Higher values saturate earlier.
    pub beta: f64,
    /// λ_D: weight of desirable completions.
    pub desirable_weight: f64,
    /// λ_U: weight of undesirable completions.
    pub undesirable_weight: f64,
}

impl Default for KtoOptions {
    /// `beta` 0.1, both weights 1.
    fn default() -> Self {
        Self { beta: 0.1, desirable_weight: 1.0, undesirable_weight: 1.0 }
    }
}

impl KtoOptions {
    /// Checks the options. [`kto`] calls it.
    ///
    /// # Errors
    /// A `beta` or weight that is not a finite number above 0.
    pub fn validate(&self) -> Result<()> {
        check::beta(self.beta)?;
        check::above_zero("desirable_weight", self.desirable_weight)?;
        check::above_zero("undesirable_weight", self.undesirable_weight)
    }
}
