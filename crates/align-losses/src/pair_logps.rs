use crate::{Error, LossOption, Pair, Result, check};
use tch::{Kind, Tensor};

/// The log-probabilities of a batch of pairs under a policy and a reference model: the input of a [`PairLoss`](crate::PairLoss).
///
/// ```
/// use {align_losses::{Pair, PairLogps}, tch::Tensor};
/// let logps = |c: f32, r: f32| Pair { chosen: c, rejected: r }.map(|x| Tensor::from_slice(&[x]));
/// let logps = PairLogps::new(&logps(-12.0, -15.0), &logps(-13.0, -14.0))?;
/// assert_eq!(logps.log_ratios().chosen, Tensor::from_slice(&[1.0f32]));
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug)]
pub struct PairLogps {
    policy: Pair<Tensor>,
    reference: Pair<Tensor>,
    tokens: Option<Pair<Tensor>>,
    weights: Option<Tensor>,
    chosen_probabilities: Option<Tensor>,
    score_margins: Option<Tensor>,
    log_ratios: Pair<Tensor>,
    input_kind: Kind,
}

impl PairLogps {
    /// The log-probabilities of a batch.
    ///
    /// * `policy`, `reference`: summed over the tokens of each completion, each `(batch,)`, of one dtype and device. float16 and bfloat16
    ///   are converted to float32. The reference is a constant.
    ///
    /// # Errors
    /// Shapes, dtypes or devices that do not fit, or an empty batch.
    pub fn new(policy: &Pair<Tensor>, reference: &Pair<Tensor>) -> Result<Self> {
        let first = &policy.chosen;
        check::float("policy.chosen", first)?;
        let [batch] = check::dimensions("policy.chosen", first, "(batch,)")?;
        if batch == 0 {
            let expected = "(batch,) with at least one pair".into();
            return Err(Error::Shape { argument: "policy.chosen", expected, found: vec![0] });
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
        let input_kind = first.kind();
        let kind = check::compute_kind(input_kind);
        let policy = policy.as_ref().try_map(|x| x.f_to_kind(kind))?;
        let reference = reference.as_ref().try_map(|x| x.f_detach()?.f_to_kind(kind))?;
        let log_ratios = log_ratios(&policy, &reference)?;
        Ok(Self {
            policy,
            reference,
            log_ratios,
            tokens: None,
            weights: None,
            chosen_probabilities: None,
            score_margins: None,
            input_kind,
        })
    }

    /// Sets the number of tokens of each completion, including EOS, each `(batch,)`, for losses that divide by them.
    ///
    /// # Errors
    /// Shapes, dtypes or devices that do not fit.
    pub fn with_tokens(self, tokens: &Pair<Tensor>) -> Result<Self> {
        for (argument, x) in [("tokens.chosen", &tokens.chosen), ("tokens.rejected", &tokens.rejected)] {
            check::number(argument, x)?;
            self.check_like_policy(argument, x)?;
        }
        Ok(Self { tokens: Some(tokens.as_ref().map(Tensor::shallow_clone)), ..self })
    }

    /// Sets the weights of the pairs' losses, `(batch,)`, such as [`wpo_weights`](crate::wpo_weights). They are constants.
    ///
    /// # Errors
    /// Shapes, dtypes or devices that do not fit.
    pub fn with_weights(self, weights: &Tensor) -> Result<Self> {
        check::float("weights", weights)?;
        self.check_like_policy("weights", weights)?;
        let weights = self.constant(weights)?;
        Ok(Self { weights: Some(weights), ..self })
    }

    /// Sets the probability that the chosen completion of each pair is the better one, `(batch,)`, for losses with soft labels
    /// ([`SoftLabels`](crate::SoftLabels)). They are constants, and other losses ignore them.
    ///
    /// # Errors
    /// Probabilities that are not above 0 and at most 1, or shapes, dtypes or devices that do not fit.
    pub fn with_chosen_probabilities(self, probabilities: &Tensor) -> Result<Self> {
        const NAME: &str = "chosen_probabilities";
        check::probabilities(NAME, probabilities)?;
        self.check_like_policy(NAME, probabilities)?;
        let probabilities = self.constant(probabilities)?;
        Ok(Self { chosen_probabilities: Some(probabilities), ..self })
    }

    /// Sets by how much the score of the chosen completion of each pair is higher, `(batch,)`, for ODPO
    /// ([`odpo_offset`](crate::odpo_offset)). They are constants, and losses without ODPO's offset ignore them.
    ///
    /// # Errors
    /// Differences that are not finite and above 0, or shapes, dtypes or devices that do not fit.
    pub fn with_score_margins(self, score_margins: &Tensor) -> Result<Self> {
        check::values("score_margins", score_margins, "finite numbers above 0", |margin| margin > 0.0)?;
        self.check_like_policy("score_margins", score_margins)?;
        let score_margins = self.constant(score_margins)?;
        Ok(Self { score_margins: Some(score_margins), ..self })
    }

    /// The policy's log-probabilities, each `(batch,)`.
    pub fn policy(&self) -> &Pair<Tensor> {
        &self.policy
    }

    /// The reference log-probabilities, each `(batch,)`.
    pub fn reference(&self) -> &Pair<Tensor> {
        &self.reference
    }

    /// `h = log π - log π_ref`, each `(batch,)`; differentiable if the policy's log-probabilities are.
    pub fn log_ratios(&self) -> &Pair<Tensor> {
        &self.log_ratios
    }

    /// The number of tokens of each completion. `loss` is the name of the loss for the error message.
    ///
    /// # Errors
    /// [`PairLogps::with_tokens`] was not called.
    pub fn tokens(&self, loss: &'static str) -> Result<&Pair<Tensor>> {
        self.tokens.as_ref().ok_or(Error::MissingTokens(loss))
    }

    /// The weights of the pairs' losses; `None` if all are 1.
    pub fn weights(&self) -> Option<&Tensor> {
        self.weights.as_ref()
    }

    /// The probability that the chosen completion of each pair is the better one.
    ///
    /// # Errors
    /// [`PairLogps::with_chosen_probabilities`] was not called.
    pub fn chosen_probabilities(&self) -> Result<&Tensor> {
        let (option, needed, method) = (LossOption::SoftLabels, "the chosen probability", "with_chosen_probabilities");
        self.chosen_probabilities.as_ref().ok_or(Error::MissingPairNumbers { option, needed, method })
    }

    /// By how much the score of the chosen completion of each pair is higher.
    ///
    /// # Errors
    /// [`PairLogps::with_score_margins`] was not called.
    pub fn score_margins(&self) -> Result<&Tensor> {
        let (option, needed, method) = (LossOption::OdpoAlpha, "the difference of scores", "with_score_margins");
        self.score_margins.as_ref().ok_or(Error::MissingPairNumbers { option, needed, method })
    }

    /// The number of pairs.
    pub(crate) fn batch(&self) -> usize {
        self.policy.chosen.numel()
    }

    /// The dtype of the policy's log-probabilities before conversion.
    pub(crate) fn input_kind(&self) -> Kind {
        self.input_kind
    }

    /// A copy with the policy's log-probabilities as leaves of a new graph.
    pub(crate) fn with_leaves(&self) -> Result<Self> {
        // Detached, so that the caller's tensor does not start to require gradients.
        let policy = self.policy.as_ref().try_map(|x| x.f_detach()?.f_requires_grad_(true))?;
        Ok(Self { log_ratios: log_ratios(&policy, &self.reference)?, policy, ..self.shallow_clone() })
    }

    /// The pairs with chosen and rejected swapped. The differences of scores get the other sign; weights and probabilities stay.
    pub(crate) fn swapped(&self) -> Result<Self> {
        let all = self.shallow_clone();
        let swap = |Pair { chosen, rejected }: Pair<Tensor>| Pair { chosen: rejected, rejected: chosen };
        Ok(Self {
            policy: swap(all.policy),
            reference: swap(all.reference),
            log_ratios: swap(all.log_ratios),
            tokens: all.tokens.map(swap),
            score_margins: all.score_margins.map(|margins| margins.f_neg()).transpose()?,
            ..all
        })
    }

    fn shallow_clone(&self) -> Self {
        let pair = |sides: &Pair<Tensor>| sides.as_ref().map(Tensor::shallow_clone);
        Self {
            policy: pair(&self.policy),
            reference: pair(&self.reference),
            log_ratios: pair(&self.log_ratios),
            tokens: self.tokens.as_ref().map(pair),
            weights: self.weights.as_ref().map(Tensor::shallow_clone),
            chosen_probabilities: self.chosen_probabilities.as_ref().map(Tensor::shallow_clone),
            score_margins: self.score_margins.as_ref().map(Tensor::shallow_clone),
            input_kind: self.input_kind,
        }
    }

    /// Numbers of the pairs in the dtype of the computation, without a graph.
    fn constant(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_detach()?.f_to_kind(self.policy.chosen.kind())?)
    }

    fn check_like_policy(&self, argument: &'static str, x: &Tensor) -> Result<()> {
        check::shape(argument, x, &self.policy.chosen.size())?;
        check::same_device(argument, x, &self.policy.chosen)
    }
}

fn log_ratios(policy: &Pair<Tensor>, reference: &Pair<Tensor>) -> Result<Pair<Tensor>> {
    policy.as_ref().zip(reference.as_ref()).try_map(|(policy, reference)| Ok(policy.f_sub(reference)?))
}
