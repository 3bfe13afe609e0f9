use crate::{Error, Result};
use align_data::CompletionExample;
use align_inference::Judge;
use std::fmt;

/// The judges of a run: the reward of a text is the weighted sum of their scores. A held-out judge scores the texts too, but its scores
/// do not train.
pub struct Panel {
    judges: Vec<PanelJudge>,
    held_out: Option<(String, Box<dyn Judge>)>,
}

/// A judge with its name and its weight in the reward.
pub struct PanelJudge {
    /// Its name in records and metrics.
    pub name: String,
    /// Its weight in the reward.
    pub weight: f64,
    /// The judge.
    pub judge: Box<dyn Judge>,
}

/// The scores of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The scores by the judges, in their order; `None` of a judge that gives the text none.
    pub scores: Vec<Option<f64>>,
    /// The weighted sum of the scores. `None` if there are none.
    pub reward: Option<f64>,
    /// The score by the held-out judge.
    pub held_out: Option<f64>,
}

impl Panel {
    /// A panel of judges.
    ///
    /// # Errors
    /// No judge, two with one name, or weights that are not finite or all zero.
    pub fn new(judges: Vec<PanelJudge>) -> Result<Self> {
        let fail = |reason: String| Err(Error::Config { option: "judge", reason });
        if judges.is_empty() {
            return fail("is not given: texts need a judge".to_owned());
        }
        for (place, PanelJudge { name, weight, .. }) in judges.iter().enumerate() {
            if judges.iter().take(place).any(|other| other.name == *name) {
                return fail(format!(
                    "{name} is given twice: give each judge and reward function its own name, such as other={name}:…"
                ));
            }
            if !weight.is_finite() {
                return fail(format!("{name} has the weight {weight}, expected a finite number"));
            }
        }
        if judges.iter().all(|judge| judge.weight == 0.0) {
            return fail("weights are all zero: no text would be better than another".to_owned());
        }
        Ok(Self { judges, held_out: None })
    }

    /// Adds a judge whose scores do not train.
    ///
    /// # Errors
    /// A name that another judge has.
    pub fn with_held_out(self, name: impl Into<String>, judge: Box<dyn Judge>) -> Result<Self> {
        let name = name.into();
        if self.judges.iter().any(|other| other.name == name) {
            let reason = format!("has the name of a judge, {name}: give it its own");
            return Err(Error::Config { option: "held_out_judge", reason });
        }
        Ok(Self { held_out: Some((name, judge)), ..self })
    }

    /// The names of the judges, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.judges.iter().map(|judge| judge.name.as_str())
    }

    /// The names of the judges with their weights.
    #[must_use]
    pub fn weights(&self) -> Vec<(&str, f64)> {
        self.judges.iter().map(|judge| (judge.name.as_str(), judge.weight)).collect()
    }

    /// The name of the held-out judge.
    #[must_use]
    pub fn held_out_name(&self) -> Option<&str> {
        self.held_out.as_ref().map(|(name, _)| name.as_str())
    }

    /// What the verdicts depend on, besides the texts.
    ///
    /// # Errors
    /// A judge that cannot be identified.
    pub fn identity(&self) -> Result<serde_json::Value> {
        let mut parts = Vec::new();
        for PanelJudge { name, weight, judge } in &self.judges {
            parts.push(serde_json::json!({ "name": name, "weight": weight, "judge": judge.identity()? }));
        }
        if let Some((name, judge)) = &self.held_out {
            parts.push(serde_json::json!({ "name": name, "held_out": true, "judge": judge.identity()? }));
        }
        Ok(parts.into())
    }

    /// The verdict on each text.
    ///
    /// # Errors
    /// A text that cannot be scored, or a score that is not finite.
    pub fn judge(&self, texts: &[CompletionExample]) -> Result<Vec<Verdict>> {
        let mut verdicts = vec![Verdict { scores: Vec::new(), reward: None, held_out: None }; texts.len()];
        for PanelJudge { name, weight, judge } in &self.judges {
            for (verdict, score) in verdicts.iter_mut().zip(scores(name, judge.as_ref(), texts)?) {
                verdict.scores.push(score);
                verdict.reward = score.map(|score| verdict.reward.unwrap_or(0.0) + weight * score).or(verdict.reward);
            }
        }
        if let Some((name, judge)) = &self.held_out {
            for (verdict, score) in verdicts.iter_mut().zip(scores(name, judge.as_ref(), texts)?) {
                verdict.held_out = score;
            }
        }
        Ok(verdicts)
    }
}

/// The scores of all texts by one judge.
fn scores(name: &str, judge: &dyn Judge, texts: &[CompletionExample]) -> Result<Vec<Option<f64>>> {
    let scores = judge.optional_scores_of_rows(texts)?;
    let problem = if scores.len() != texts.len() {
        format!("returned {} scores for {} texts", scores.len(), texts.len())
    } else if let Some(score) = scores.iter().flatten().find(|score| !score.is_finite()) {
        format!("gave a text the score {score}, which is not a finite number")
    } else {
        return Ok(scores);
    };
    Err(Error::Config { option: "judge", reason: format!("{name} {problem}") })
}

impl fmt::Debug for Panel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.names().collect();
        f.debug_struct("Panel").field("judges", &names).field("held_out", &self.held_out_name()).finish_non_exhaustive()
    }
}
