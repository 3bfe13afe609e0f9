use crate::pairing::{PairOptions, PairStrategy};
use crate::{Error, Result};
use align_choice::Rule;

/// Options of [`pair_judged`](super::pair_judged).
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedPairOptions {
    /// The rule that ranks the texts of a prompt.
    pub rule: Rule,
    /// Which texts are paired. A margin is one of the rule's scores.
    pub pairing: PairOptions,
    /// The least share of judges that agree with a pair, from 0 to 1.
    pub min_agreement: f64,
    /// How many judges on each side the prior of the probability counts as ([`Support::probability`](super::Support::probability)).
    pub smoothing: f64,
}

impl JudgedPairOptions {
    /// All pairs of texts that the rule ranks differently, with the prior of Jeffreys.
    #[must_use]
    pub fn new(rule: Rule) -> Self {
        let pairing = PairOptions::new(PairStrategy::MarginAbove { margin: 0.0 });
        Self { rule, pairing, min_agreement: 0.0, smoothing: 0.5 }
    }

    /// The margin, if one above 0 is set.
    pub(super) fn margin(&self) -> Option<f64> {
        match self.pairing.strategy {
            PairStrategy::MarginAbove { margin } if margin > 0.0 => Some(margin),
            _ => None,
        }
    }

    /// Checks the options.
    ///
    /// # Errors
    /// An option out of range, or a margin for a rule without scores.
    pub fn validate(&self) -> Result<()> {
        let refused =
            |option, expected: &str, found: String| Err(Error::Option { option, expected: expected.to_owned(), found });
        self.pairing.validate()?;
        match self.margin() {
            Some(margin) if !self.rule.has_scores() => {
                let found = format!("{margin}, and the rule {} has no scores that could differ by it", self.rule);
                return refused("margin", "no value", found);
            }
            _ => {}
        }
        if !(0.0..=1.0).contains(&self.min_agreement) {
            return refused("min_agreement", "a share from 0 to 1", self.min_agreement.to_string());
        }
        if !(self.smoothing.is_finite() && self.smoothing >= 0.0) {
            return refused("smoothing", "a finite number of at least 0", self.smoothing.to_string());
        }
        Ok(())
    }
}
