use crate::{Error, Pair, Result, check};
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
        Ok(Self { policy, reference, log_ratios, tokens: None, weights: None, input_kind })
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
        let weights = weights.f_detach()?.f_to_kind(self.policy.chosen.kind())?;
        Ok(Self { weights: Some(weights), ..self })
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
        Ok(Self {
            log_ratios: log_ratios(&policy, &self.reference)?,
            policy,
            reference: self.reference.as_ref().map(Tensor::shallow_clone),
            tokens: self.tokens.as_ref().map(|tokens| tokens.as_ref().map(Tensor::shallow_clone)),
            weights: self.weights.as_ref().map(Tensor::shallow_clone),
            input_kind: self.input_kind,
        })
    }

    fn check_like_policy(&self, argument: &'static str, x: &Tensor) -> Result<()> {
        check::shape(argument, x, &self.policy.chosen.size())?;
        check::same_device(argument, x, &self.policy.chosen)
    }
}

fn log_ratios(policy: &Pair<Tensor>, reference: &Pair<Tensor>) -> Result<Pair<Tensor>> {
    policy.as_ref().zip(reference.as_ref()).try_map(|(policy, reference)| Ok(policy.f_sub(reference)?))
}
