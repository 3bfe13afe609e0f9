use crate::{
    Error, FDivergence, LossType, Pair, Result, absolute, check, discopop, length_normalised, noisy, preference,
    transport,
};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// A preference loss of the DPO family: a divergence's scores of the log-ratios, and a [`LossType`] on their margin.
///
/// ```
/// use align_losses::{DpoLoss, FDivergence, LossType, Pair};
/// let hinge = DpoLoss::new(LossType::Hinge, 0.1, 0.0, FDivergence::ReverseKl)?;
/// let logps = |c: f32, r: f32| Pair { chosen: c, rejected: r }.map(|x| tch::Tensor::from_slice(&[x]));
/// let (loss, gradient) = hinge.evaluate_with_gradient(&logps(-12.0, -15.0), &logps(-13.0, -14.0), None)?;
/// assert!((loss.losses.double_value(&[0]) - 0.8).abs() < 1e-6); // 1 - 0.1 * (1 - -1)
/// assert!((gradient.chosen.double_value(&[0]) + 0.1).abs() < 1e-6);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// Serialised it is its four options; reading them back checks them as [`DpoLoss::new`] does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Options", into = "Options")]
pub struct DpoLoss {
    loss_type: LossType,
    beta: f64,
    label_smoothing: f64,
    divergence: FDivergence,
    discopop_tau: f64,
}

/// The paper's and TRL's temperature.
const DISCOPOP_TAU: f64 = 0.05;

/// What a [`DpoLoss`] says of a batch of pairs.
#[derive(Debug)]
pub struct PreferenceLoss {
    /// The loss of each pair, `(batch,)`, with its graph where the policy's log-probabilities have one.
    pub losses: Tensor,
    /// The implicit rewards `β (log π - log π_ref)`, whatever the divergence, each `(batch,)`, without a graph.
    pub rewards: Pair<Tensor>,
}

impl DpoLoss {
    /// A loss with these options.
    ///
    /// * `beta`: the strength of the pull towards the reference; see the function of each [`LossType`].
    /// * `label_smoothing`: the share of labels taken to be wrong, where [`LossType::takes_label_smoothing`];
    ///   [`LossType::ExoPair`] needs one above 0.
    /// * `divergence`: other than reverse KL only where [`LossType::takes_divergence`].
    ///
    /// # Errors
    /// A `beta` that is not a finite number above 0, a `label_smoothing` outside `[0, 0.5)` or that `loss_type` would
    /// ignore, or a divergence that it would ignore or [`FDivergence::validate`] refuses.
    pub fn new(loss_type: LossType, beta: f64, label_smoothing: f64, divergence: FDivergence) -> Result<Self> {
        check::beta(beta)?;
        check::label_smoothing(label_smoothing)?;
        divergence.validate()?;
        if label_smoothing > 0.0 && !loss_type.takes_label_smoothing() {
            return Err(Error::IgnoredLabelSmoothing { loss_type, label_smoothing });
        }
        if loss_type == LossType::ExoPair {
            noisy::exo_smoothing(label_smoothing)?;
        }
        if divergence != FDivergence::ReverseKl && !loss_type.takes_divergence() {
            return Err(Error::IgnoredDivergence { loss_type, divergence });
        }
        Ok(Self { loss_type, beta, label_smoothing, divergence, discopop_tau: DISCOPOP_TAU })
    }

    /// The same with another temperature of [`discopop`](crate::discopop)'s blend than 0.05.
    ///
    /// # Errors
    /// Another loss, or a `tau` that is not a finite number above 0.
    pub fn with_discopop_tau(self, tau: f64) -> Result<Self> {
        check::above_zero("discopop_tau", tau)?;
        if self.loss_type != LossType::Discopop {
            return Err(Error::IgnoredTau { loss_type: self.loss_type, tau });
        }
        Ok(Self { discopop_tau: tau, ..self })
    }

    /// The loss on the margin.
    pub fn loss_type(&self) -> LossType {
        self.loss_type
    }

    /// The strength of the pull towards the reference.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// The share of labels taken to be wrong.
    pub fn label_smoothing(&self) -> f64 {
        self.label_smoothing
    }

    /// The divergence.
    pub fn divergence(&self) -> FDivergence {
        self.divergence
    }

    /// The loss of each pair, differentiable by the policy's log-probabilities.
    ///
    /// * `policy`, `reference`: summed log-probabilities of the completions, each `(batch,)`, of one dtype and device;
    ///   float16 and bfloat16 are computed in float32. The reference is taken as a constant.
    /// * `tokens`: each completion's number of tokens, EOS included, `(batch,)`; only [`LossType::Ipo`] and
    ///   [`LossType::SigmoidNorm`] need it.
    ///
    /// Losses are finite for all finite log-ratios but where the formula itself leaves the dtype's range (a sigmoid loss
    /// of `β · 1e39`); the gradient stays finite there. Infinite or NaN log-probabilities give NaN.
    ///
    /// # Errors
    /// Shapes, dtypes or devices that do not fit, an empty batch, or no `tokens` where the loss divides by them.
    pub fn evaluate(
        &self,
        policy: &Pair<Tensor>,
        reference: &Pair<Tensor>,
        tokens: Option<&Pair<Tensor>>,
    ) -> Result<PreferenceLoss> {
        check_batch(policy, reference, tokens)?;
        let kind = check::wide(policy.chosen.kind());
        let policy = policy.as_ref().try_map(|pi| pi.f_to_kind(kind))?;
        let reference = reference.as_ref().try_map(|pi_ref| pi_ref.f_detach()?.f_to_kind(kind))?;
        let log_ratios = policy.as_ref().zip(reference.as_ref()).try_map(|(pi, pi_ref)| pi.f_sub(pi_ref))?;
        let losses = self.losses(&policy, &reference, &log_ratios, tokens)?;
        Ok(PreferenceLoss { losses, rewards: log_ratios.map(|h| self.beta * h.detach()) })
    }

    fn losses(
        &self,
        policy: &Pair<Tensor>,
        reference: &Pair<Tensor>,
        log_ratios: &Pair<Tensor>,
        tokens: Option<&Pair<Tensor>>,
    ) -> Result<Tensor> {
        let (beta, smoothing) = (self.beta, self.label_smoothing);
        let margin = || self.divergence.margin(log_ratios);
        let scores = || log_ratios.as_ref().try_map(|h| self.divergence.score(h));
        let tokens = || tokens.ok_or(Error::MissingTokens(self.loss_type));
        match self.loss_type {
            LossType::Sigmoid => preference::conservative_sigmoid(&margin()?, beta, smoothing),
            LossType::Hinge => preference::hinge(&margin()?, beta),
            LossType::IpoSum => preference::ipo_sum(&margin()?, beta),
            LossType::Ipo => length_normalised::ipo(&scores()?, tokens()?, beta),
            LossType::SigmoidNorm => length_normalised::sigmoid_norm(&scores()?, tokens()?, beta),
            LossType::ExoPair => noisy::exo_pair(&margin()?, beta, smoothing),
            LossType::Robust => noisy::robust(&margin()?, beta, smoothing),
            LossType::Discopop => discopop::discopop(&margin()?, beta, self.discopop_tau),
            LossType::NcaPair => absolute::nca_pair(log_ratios, beta),
            LossType::BcoPair => absolute::bco_pair(log_ratios, beta),
            LossType::SppoHard => absolute::sppo_hard(log_ratios, beta),
            LossType::ApoZero => absolute::apo_zero(log_ratios, beta),
            LossType::ApoDown => absolute::apo_down(log_ratios, beta),
            LossType::Aot => transport::aot(policy, reference, beta, smoothing),
            LossType::AotUnpaired => transport::aot_unpaired(log_ratios, beta, smoothing),
        }
    }

    /// The loss of each pair, without a graph, and the derivative of the batch's *mean* loss by the policy's
    /// log-probabilities, each side `(batch,)` and of the policy's dtype.
    ///
    /// For training in two phases: this derivative is what [`LinearLogps::backward`](crate::LinearLogps::backward) takes.
    /// A graph that the log-probabilities may have is neither used nor needed.
    ///
    /// # Errors
    /// As [`DpoLoss::evaluate`].
    pub fn evaluate_with_gradient(
        &self,
        policy: &Pair<Tensor>,
        reference: &Pair<Tensor>,
        tokens: Option<&Pair<Tensor>>,
    ) -> Result<(PreferenceLoss, Pair<Tensor>)> {
        tch::with_grad(|| {
            // A view of its own, so that a caller's tensor does not start to require gradients.
            let leaves = policy.as_ref().try_map(|x| x.f_detach()?.f_requires_grad_(true))?;
            let PreferenceLoss { losses, rewards } = self.evaluate(&leaves, reference, tokens)?;
            let inputs = [&leaves.chosen, &leaves.rejected];
            let gradients = Tensor::f_run_backward(&[losses.f_mean(losses.kind())?], &inputs, false, false)?;
            let [chosen, rejected] = <[Tensor; 2]>::try_from(gradients)
                .map_err(|found| tch::TchError::Torch(format!("{} gradients of 2 tensors", found.len())))?;
            Ok((PreferenceLoss { losses: losses.f_detach()?, rewards }, Pair { chosen, rejected }))
        })
    }
}

impl PreferenceLoss {
    /// By how much each pair's chosen reward exceeds the rejected one, `(batch,)`.
    pub fn margins(&self) -> Tensor {
        &self.rewards.chosen - &self.rewards.rejected
    }

    /// 1 for each pair whose chosen reward exceeds the rejected one, else (a tie too) 0: float32, `(batch,)`.
    pub fn accuracies(&self) -> Tensor {
        self.rewards.chosen.gt_tensor(&self.rewards.rejected).to_kind(Kind::Float)
    }
}

fn check_batch(policy: &Pair<Tensor>, reference: &Pair<Tensor>, tokens: Option<&Pair<Tensor>>) -> Result<()> {
    let first = &policy.chosen;
    check::float("policy.chosen", first)?;
    let [batch] = check::dimensions("policy.chosen", first, "(batch,)")?;
    if batch == 0 {
        return Err(Error::Shape {
            argument: "policy.chosen",
            expected: "(batch,) with at least one pair".into(),
            found: vec![0],
        });
    }
    for (argument, x) in [
        ("policy.rejected", &policy.rejected),
        ("reference.chosen", &reference.chosen),
        ("reference.rejected", &reference.rejected),
    ] {
        check::shape(argument, x, &[batch])?;
        check::kind(argument, x, first.kind())?;
        check::same_device(argument, x, first)?;
    }
    if let Some(tokens) = tokens {
        for (argument, x) in [("tokens.chosen", &tokens.chosen), ("tokens.rejected", &tokens.rejected)] {
            check::shape(argument, x, &[batch])?;
            check::number(argument, x)?;
            check::same_device(argument, x, first)?;
        }
    }
    Ok(())
}

/// A loss's options as configurations hold them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    loss_type: LossType,
    beta: f64,
    #[serde(default)]
    label_smoothing: f64,
    #[serde(default)]
    divergence: FDivergence,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discopop_tau: Option<f64>,
}

impl TryFrom<Options> for DpoLoss {
    type Error = Error;

    fn try_from(options: Options) -> Result<Self> {
        let loss = Self::new(options.loss_type, options.beta, options.label_smoothing, options.divergence)?;
        options.discopop_tau.map_or(Ok(loss), |tau| loss.with_discopop_tau(tau))
    }
}

impl From<DpoLoss> for Options {
    fn from(loss: DpoLoss) -> Self {
        let DpoLoss { loss_type, beta, label_smoothing, divergence, discopop_tau } = loss;
        let discopop_tau = (loss_type == LossType::Discopop).then_some(discopop_tau);
        Self { loss_type, beta, label_smoothing, divergence, discopop_tau }
    }
}
