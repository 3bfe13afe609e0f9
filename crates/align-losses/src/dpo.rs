use crate::pair_loss::mean_over_pairs;
use crate::{
    Error, FDivergence, LossType, MarginLink, MarginLoss, Mean, Pair, PairLogps, PairLoss, Result, absolute, check,
    conservative_sigmoid, likelihood, noisy, side_slopes, transport,
};
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// The options of a [`DpoLoss`], under TRL's names.
///
/// An option that the loss would ignore is refused: the enum's `takes_…` methods say which take what.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DpoOptions {
    /// The loss.
    pub loss_type: LossType,
    /// Strength of the pull towards the reference; see the function of each [`LossType`].
    pub beta: f64,
    /// The share of labels taken to be wrong, below 0.5; [`LossType::ExoPair`] needs one above 0.
    pub label_smoothing: f64,
    /// The divergence.
    pub divergence: FDivergence,
    /// The width of [`discopop`](crate::discopop)'s blend; 0.05 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discopop_tau: Option<f64>,
    /// The weight of [`dpop`](crate::dpop)'s penalty; 50 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_lambda: Option<f64>,
    /// The price of a token in a [`length_regularised`](crate::length_regularised) margin; free unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_alpha: Option<f64>,
}

/// The paper's and TRL's width of discopop's blend.
const DISCOPOP_TAU: f64 = 0.05;
/// The weight of dpop's penalty that its paper takes most often.
const DPOP_LAMBDA: f64 = 50.0;

impl Default for DpoOptions {
    /// `sigmoid` with `beta` 0.1, as in TRL.
    fn default() -> Self {
        Self {
            loss_type: LossType::Sigmoid,
            beta: 0.1,
            label_smoothing: 0.0,
            divergence: FDivergence::ReverseKl,
            discopop_tau: None,
            dpop_lambda: None,
            length_alpha: None,
        }
    }
}

/// A loss of the DPO family by its name: a [`LossType`], a divergence and their options.
///
/// ```
/// use {align_losses::{DpoLoss, DpoOptions, LossType, Pair, PairLogps, PairLoss}, tch::Tensor};
/// let hinge = DpoLoss::new(DpoOptions { loss_type: LossType::Hinge, ..DpoOptions::default() })?;
/// let at = |c: f32, r: f32| Pair { chosen: c, rejected: r }.map(|x| Tensor::from_slice(&[x]));
/// let logps = PairLogps::new(&at(-12.0, -15.0), &at(-13.0, -14.0))?;
/// let (loss, gradient) = hinge.evaluate_with_gradient(&logps)?;
/// assert!((loss.losses.double_value(&[0]) - 0.8).abs() < 1e-6); // 1 - 0.1 (1 - -1)
/// assert!((gradient.chosen.double_value(&[0]) + 0.1).abs() < 1e-6);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// Losses are finite for all finite log-ratios but where the formula itself leaves the dtype's range (a squared loss of
/// `1e20`, a sigmoid loss of `β · 1e39`); infinite or NaN log-probabilities give NaN.
///
/// Serialised it is its options; reading them back checks them as [`DpoLoss::new`] does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DpoOptions", into = "DpoOptions")]
pub struct DpoLoss(DpoOptions);

impl DpoLoss {
    /// A loss with these options.
    ///
    /// # Errors
    /// An option outside its range, or one that `loss_type` would ignore.
    pub fn new(options: DpoOptions) -> Result<Self> {
        let DpoOptions { loss_type, beta, label_smoothing, divergence, discopop_tau, dpop_lambda, length_alpha } =
            options;
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
        if let Some(value) = discopop_tau {
            check::above_zero("discopop_tau", value)?;
            taken("discopop_tau", value, loss_type, loss_type == LossType::Discopop, "discopop")?;
        }
        if let Some(value) = dpop_lambda {
            check::at_least_zero("dpop_lambda", value)?;
            taken("dpop_lambda", value, loss_type, loss_type == LossType::Dpop, "dpop")?;
        }
        if let Some(value) = length_alpha {
            check::above_zero("length_alpha", value)?;
            let others = "a loss_type on summed margins such as sigmoid";
            taken("length_alpha", value, loss_type, loss_type.takes_length_alpha(), others)?;
        }
        Ok(Self(options))
    }

    /// Its options.
    pub fn options(&self) -> &DpoOptions {
        &self.0
    }

    fn formula(&self) -> Result<Formula> {
        let DpoOptions { loss_type, label_smoothing, discopop_tau, .. } = self.0;
        let margin = |link| self.margin_loss(link);
        Ok(match loss_type {
            LossType::Sigmoid => Formula::Margin(margin(MarginLink::Sigmoid { label_smoothing })?),
            LossType::SigmoidNorm => Formula::Margin(margin(MarginLink::Sigmoid { label_smoothing })?.a_token()),
            LossType::Hinge => Formula::Margin(margin(MarginLink::Hinge)?),
            LossType::Ipo => Formula::Margin(margin(MarginLink::Ipo)?.a_token()),
            LossType::IpoSum => Formula::Margin(margin(MarginLink::Ipo)?),
            LossType::ExoPair => Formula::Margin(margin(MarginLink::ExoPair { label_smoothing })?),
            LossType::Robust => Formula::Margin(margin(MarginLink::Robust { label_smoothing })?),
            LossType::Discopop => {
                Formula::Margin(margin(MarginLink::Discopop { tau: discopop_tau.unwrap_or(DISCOPOP_TAU) })?)
            }
            LossType::Squared => Formula::Margin(margin(MarginLink::Squared)?),
            LossType::Exponential => Formula::Margin(margin(MarginLink::Exponential)?),
            LossType::TruncatedQuadratic => Formula::Margin(margin(MarginLink::TruncatedQuadratic)?),
            LossType::Savage => Formula::Margin(margin(MarginLink::Savage)?),
            LossType::NcaPair => Formula::Sides(absolute::nca_pair, side_slopes::nca_pair),
            LossType::BcoPair => Formula::Sides(absolute::bco_pair, side_slopes::bco_pair),
            LossType::SppoHard => Formula::Sides(absolute::sppo_hard, side_slopes::sppo_hard),
            LossType::ApoZero => Formula::Sides(absolute::apo_zero, side_slopes::apo_zero),
            LossType::ApoDown => Formula::Sides(absolute::apo_down, side_slopes::apo_down),
            LossType::CalDpo => Formula::Sides(absolute::cal_dpo, side_slopes::cal_dpo),
            LossType::Dpop => Formula::Dpop,
            LossType::Aot => Formula::Aot,
            LossType::AotUnpaired => Formula::AotUnpaired,
            LossType::Sft => Formula::Sft,
        })
    }

    fn dpop_lambda(&self) -> f64 {
        self.0.dpop_lambda.unwrap_or(DPOP_LAMBDA)
    }

    fn check_weights(&self, logps: &PairLogps) -> Result<()> {
        let loss_type = self.0.loss_type;
        if logps.weights().is_some() && loss_type.is_of_the_batch() {
            return Err(Error::WeightsOfABatch(loss_type));
        }
        Ok(())
    }

    fn margin_loss(&self, link: MarginLink) -> Result<MarginLoss<FDivergence, MarginLink>> {
        let loss = MarginLoss::new(self.0.divergence, link, self.0.beta)?;
        self.0.length_alpha.map_or(Ok(loss), |alpha| loss.with_length_alpha(alpha))
    }
}

/// What a [`LossType`] is a function of.
enum Formula {
    /// The margin between scores.
    Margin(MarginLoss<FDivergence, MarginLink>),
    /// Each side's log-ratio, and `beta`; beside it its derivative.
    Sides(fn(&Pair<Tensor>, f64) -> Result<Tensor>, fn(&Pair<Tensor>, f64, f64) -> Result<Pair<Tensor>>),
    Dpop,
    Aot,
    AotUnpaired,
    Sft,
}

impl PairLoss for DpoLoss {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        let DpoOptions { beta, label_smoothing, .. } = self.0;
        self.check_weights(logps)?;
        match self.formula()? {
            Formula::Margin(loss) => loss.losses(logps),
            Formula::Sides(loss, _) => loss(logps.log_ratios(), beta),
            Formula::Dpop => absolute::dpop(logps.log_ratios(), beta, self.dpop_lambda()),
            Formula::Aot => transport::aot(logps.policy(), logps.reference(), beta, label_smoothing),
            Formula::AotUnpaired => transport::aot_unpaired(logps.log_ratios(), beta, label_smoothing),
            Formula::Sft => likelihood::sft(logps),
        }
    }

    fn beta(&self) -> f64 {
        self.0.beta
    }

    fn is_of_the_batch(&self) -> bool {
        self.0.loss_type.is_of_the_batch()
    }

    fn means(&self, logps: &PairLogps) -> Result<Vec<Mean>> {
        if self.0.loss_type == LossType::Sft {
            self.check_weights(logps)?;
            return Ok(vec![likelihood::sft_mean(logps)?]);
        }
        Ok(vec![mean_over_pairs(self.losses(logps)?, logps)?])
    }

    fn mean_depends_on_batches(&self) -> bool {
        self.is_of_the_batch() && self.0.loss_type != LossType::Sft
    }

    fn losses_and_slopes(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let DpoOptions { beta, label_smoothing, .. } = self.0;
        self.check_weights(logps)?;
        let of_places = |(margin, slopes): (Tensor, Pair<Tensor>)| {
            Ok::<_, Error>((conservative_sigmoid(&margin, beta, label_smoothing)?, slopes))
        };
        Ok(Some(match self.formula()? {
            Formula::Margin(loss) => return loss.losses_and_slopes(logps, scale),
            Formula::Sides(loss, slopes) => {
                let log_ratios = logps.log_ratios();
                (loss(log_ratios, beta)?, slopes(log_ratios, beta, scale)?)
            }
            Formula::Dpop => {
                let (log_ratios, lambda) = (logps.log_ratios(), self.dpop_lambda());
                let losses = absolute::dpop(log_ratios, beta, lambda)?;
                (losses, side_slopes::dpop(log_ratios, beta, lambda, scale)?)
            }
            Formula::Aot => {
                of_places(side_slopes::aot(logps.policy(), logps.reference(), beta, label_smoothing, scale)?)?
            }
            Formula::AotUnpaired => {
                of_places(side_slopes::aot_unpaired(logps.log_ratios(), beta, label_smoothing, scale)?)?
            }
            Formula::Sft => (likelihood::sft(logps)?, likelihood::sft_slopes(logps, scale)?),
        }))
    }
}

impl TryFrom<DpoOptions> for DpoLoss {
    type Error = Error;

    fn try_from(options: DpoOptions) -> Result<Self> {
        Self::new(options)
    }
}

impl From<DpoLoss> for DpoOptions {
    fn from(loss: DpoLoss) -> Self {
        loss.0
    }
}

fn taken(option: &'static str, value: f64, loss_type: LossType, is: bool, others: &'static str) -> Result<()> {
    if is {
        return Ok(());
    }
    Err(Error::IgnoredOption { option, value, loss_type, others })
}
