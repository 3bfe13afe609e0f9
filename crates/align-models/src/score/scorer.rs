use super::{Labels, ProblemType, Score, default_score};
use crate::{Error, Result};

/// A [`Score`] of a certain model's outputs: a row of logits in, a number out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scorer {
    score: Score,
    /// The output that the score is of.
    index: usize,
    outputs: usize,
    independent: bool,
}

impl Scorer {
    /// Checks a score against the labels of a model; `None` takes [`default_score`].
    ///
    /// # Errors
    /// A label that the model lacks, `scalar` of several outputs, or a probability of a regression's output. The message lists
    /// the labels.
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

    /// The score, its label by name.
    #[must_use]
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// The score of one text by its logits, one an output. It is not finite only where logits are not.
    ///
    /// # Errors
    /// Another number of logits than the model has outputs.
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

/// A probability of its log-odds; a softmax's too, whose odds are `exp(logit)` against the sum of the others'.
fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}
