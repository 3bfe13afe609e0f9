use crate::whole_weights::WholeWeights;
use crate::{Ballot, Error, Profile, Result};

/// A judge: its name, its weight and its score of each candidate. Higher scores are better.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    pub(crate) name: String,
    pub(crate) weight: f64,
    pub(crate) scores: Vec<Option<f64>>,
}

impl Judge {
    /// A judge of weight 1 that scores every candidate.
    #[must_use]
    pub fn new(name: impl Into<String>, scores: impl IntoIterator<Item = f64>) -> Self {
        Self::with_abstentions(name, scores.into_iter().map(Some))
    }

    /// A judge of weight 1 that abstains on the candidates whose score is `None`.
    #[must_use]
    pub fn with_abstentions(name: impl Into<String>, scores: impl IntoIterator<Item = Option<f64>>) -> Self {
        Self { name: name.into(), weight: 1.0, scores: scores.into_iter().collect() }
    }

    /// The judge with another weight. A weight of 2 is the same as two copies of the judge; a judge of weight 0 is ignored.
    #[must_use]
    pub fn weighted(self, weight: f64) -> Self {
        Self { weight, ..self }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The weight.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// The score of each candidate. `None` means that the judge abstains on it.
    #[must_use]
    pub fn scores(&self) -> &[Option<f64>] {
        &self.scores
    }
}

/// Candidates, such as the texts of a prompt, and the judges that score them.
///
/// ```
/// use align_choice::{Judge, ScoreTable};
///
/// let table = ScoreTable::new(
///     ["first", "second", "third"],
///     [Judge::new("helpful", [0.2, 0.9, 0.4]), Judge::with_abstentions("safe", [Some(1.0), None, Some(0.5)]).weighted(2.0)],
/// )?;
/// assert_eq!(table.candidates().len(), 3);
/// # Ok::<(), align_choice::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreTable {
    candidates: Vec<String>,
    judges: Vec<Judge>,
}

impl ScoreTable {
    /// Checks the judges. The names of the candidates are used in messages only, so that they may repeat.
    ///
    /// # Errors
    /// No candidates or no judges; two judges with one name; a number of scores that is not the number of candidates; a score that is not
    /// finite; a weight that is negative or not finite; weights that are all 0.
    pub fn new<Name: Into<String>>(
        candidates: impl IntoIterator<Item = Name>,
        judges: impl IntoIterator<Item = Judge>,
    ) -> Result<Self> {
        let table =
            Self { candidates: candidates.into_iter().map(Into::into).collect(), judges: judges.into_iter().collect() };
        table.check()?;
        Ok(table)
    }

    fn check(&self) -> Result<()> {
        if self.candidates.is_empty() {
            return Err(Error::Empty("candidates"));
        }
        if self.judges.is_empty() {
            return Err(Error::Empty("judges"));
        }
        for (at, judge) in self.judges.iter().enumerate() {
            if self.judges.iter().take(at).any(|earlier| earlier.name == judge.name) {
                return Err(Error::JudgeTwice(judge.name.clone()));
            }
            self.check_scores(judge)?;
        }
        let weights: Vec<f64> = self.judges.iter().map(|judge| judge.weight).collect();
        let name = |at| self.judges.get(at).map_or_else(String::new, |judge: &Judge| format!("judge {}", judge.name));
        WholeWeights::new(&weights, name).map(|_| ())
    }

    fn check_scores(&self, judge: &Judge) -> Result<()> {
        let (candidates, scores) = (self.candidates.len(), judge.scores.len());
        if candidates != scores {
            return Err(Error::ScoreCount { judge: judge.name.clone(), candidates, scores });
        }
        for (candidate, score) in self.candidates.iter().zip(&judge.scores) {
            if let Some(value) = score.filter(|score| !score.is_finite()) {
                let (judge, candidate) = (judge.name.clone(), candidate.clone());
                return Err(Error::ScoreNotFinite { judge, candidate, value });
            }
        }
        Ok(())
    }

    /// The names of the candidates.
    #[must_use]
    pub fn candidates(&self) -> &[String] {
        &self.candidates
    }

    /// The judges.
    #[must_use]
    pub fn judges(&self) -> &[Judge] {
        &self.judges
    }

    /// The rankings of the judges: a higher score is ranked above a lower one, equal scores are tied, and candidates on which a judge
    /// abstains are unranked.
    #[must_use]
    pub fn profile(&self) -> Profile {
        let ballots = self.judges.iter().map(|judge| Ballot::from_scores(&judge.scores, judge.weight));
        Profile::of_checked(self.candidates.clone(), ballots.collect())
    }

    /// Whether each candidate has a score from a judge of positive weight.
    pub(crate) fn scored(&self) -> Vec<bool> {
        let has_score = |at| self.counted().any(|judge| judge.scores.get(at).is_some_and(Option::is_some));
        (0..self.candidates.len()).map(has_score).collect()
    }

    /// The judges of positive weight.
    pub(crate) fn counted(&self) -> impl Iterator<Item = &Judge> {
        self.judges.iter().filter(|judge| judge.weight > 0.0)
    }

    /// The table of some of the candidates and some of the judges.
    pub(crate) fn restricted(&self, candidates: &[usize], keeps_judge: impl Fn(&Judge) -> bool) -> Self {
        let judge = |judge: &Judge| Judge {
            name: judge.name.clone(),
            weight: judge.weight,
            scores: candidates.iter().map(|at| judge.scores[*at]).collect(),
        };
        Self {
            candidates: candidates.iter().map(|at| self.candidates[*at].clone()).collect(),
            judges: self.judges.iter().filter(|judge| keeps_judge(judge)).map(judge).collect(),
        }
    }
}
