use super::{Labels, ProblemType, Score, default_score};
use crate::{Error, Result};

/// Computes a [`Score`] from the logits of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scorer {
    score: Score,
    /// The index of the output that the score uses.
    index: usize,
    outputs: usize,
    independent: bool,
}

impl Scorer {
    /// Checks a score against the labels of a model. `None` means [`default_score`].
    ///
    /// # Errors
    /// The model does not have the label, `scalar` is used with several outputs, or a probability with a regression. The message lists the
    /// labels.
    pub fn new(score: Option<&Score>, labels: &Labels) -> Result<Self> {
        let score = score.map_or_else(|| default_score(labels), |score| Ok(score.clone()))?;
        let outputs = labels.names().len();
        let index = match score.label() {
            Some(label) => labels.find(label)?,
            None if outputs == 1 => 0,
            None => return Err(Error::Score(format!("scalar is for one output, the model has {outputs}: {labels}"))),
        };
        let is_probability = matches!(score, Score::LogOdds(_) | Score::Probability(_));
        if is_probability && labels.problem_type() == Some(ProblemType::Regression) {
            let reason = format!("{score}: the model's problem_type is regression, whose outputs are no probabilities");
            return Err(Error::Score(format!("{reason}; take logit or scalar")));
        }
        Ok(Self {
            score: score.of_label(labels.name_or_index(index)),
            index,
            outputs,
            independent: labels.are_independent(),
        })
    }

    /// The score, with its label by name.
    #[must_use]
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// Computes the score of a text from its logits, one per output. It is finite if the logits are.
    ///
    /// # Errors
    /// The number of logits is not that of the model's outputs.
    pub fn of(&self, logits: &[f32]) -> Result<f64> {
        let logit = logits.get(self.index).filter(|_| logits.len() == self.outputs);
        let Some(logit) = logit.copied().map(f64::from) else {
            return Err(Error::Input(format!("expected {} logits, found {}", self.outputs, logits.len())));
        };
        Ok(match self.score {
            Score::Logit(_) | Score::Scalar => logit,
            Score::MinusLogit(_) => -logit,
            Score::LogOdds(_) => self.log_odds(logit, logits),
            Score::Probability(_) => sigmoid(self.log_odds(logit, logits)),
        })
    }

    fn log_odds(&self, logit: f64, logits: &[f32]) -> f64 {
        if self.independent {
            return logit;
        }
        let others = || logits.iter().enumerate().filter(|(index, _)| *index != self.index).map(|(_, x)| f64::from(*x));
        let most = others().fold(f64::NEG_INFINITY, |most, x| if x.is_nan() { x } else { most.max(x) });
        logit - (most + others().map(|x| (x - most).exp()).sum::<f64>().ln())
    }
}

/// Converts log-odds to a probability.
fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}
