use tch::Tensor;

/// The losses of tokens, and their derivatives.
#[derive(Debug)]
pub(super) struct Term {
    /// `(rows, seq)`, or `(rows, 1)` for a loss of the ratios of sequences, which counts for each token. Has the graph of the
    /// log-probabilities.
    pub losses: Tensor,
    /// The derivative of the losses with respect to the ratios, of the shape of the losses; `None` for 0.
    pub by_ratio: Option<Tensor>,
    /// The derivative of the losses with respect to the tokens' log-probabilities, other than through the ratios, `(rows, seq)` or
    /// `(rows, 1)`; `None` for 0.
    pub by_logps: Option<Tensor>,
    /// The part of the term that metrics show.
    pub shown: Shown,
}

/// What metrics show of a term.
#[derive(Debug)]
pub(super) enum Shown {
    Nothing,
    /// Ratios that the clip holds back.
    Clipped(super::clip_range::Clipped),
    /// Ratios above the cap with a positive advantage, bool.
    Capped(Tensor),
    /// The weights of VESPO, `(rows, 1)`.
    Weights(Tensor),
}
