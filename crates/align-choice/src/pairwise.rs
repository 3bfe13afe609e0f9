use crate::{Profile, Result};
use serde::{Deserialize, Serialize};

/// What a ranking that leaves candidates out says about them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unranked {
    /// Nothing: the judge does not count in pairs with such a candidate.
    #[default]
    NoOpinion,
    /// They are tied below all ranked candidates, as on a truncated ballot of an election.
    Last,
}

/// How strong a majority is. The two differ if there are ties or abstentions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// The weight of the majority minus that of the minority.
    #[default]
    Margins,
    /// The weight of the majority.
    WinningVotes,
}

/// For each two candidates, the weight of the judges that rank the one above the other.
///
/// ```
/// use align_choice::{PairwisePreferences, Profile, Unranked};
///
/// let profile: Profile = "3: A > B > C\n2: B = C > A".parse()?;
/// let pairs = PairwisePreferences::new(&profile, Unranked::NoOpinion)?;
/// assert_eq!((pairs.weight(0, 1), pairs.weight(1, 0), pairs.margin(1, 2)), (3.0, 2.0, 3.0));
/// assert!(pairs.beats(0, 1));
/// # Ok::<(), align_choice::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PairwisePreferences {
    candidates: usize,
    /// Row by row.
    units: Vec<i64>,
    unit: f64,
}

impl PairwisePreferences {
    /// Counts the preferences of a profile.
    ///
    /// # Errors
    /// The profile is invalid.
    pub fn new(profile: &Profile, unranked: Unranked) -> Result<Self> {
        let candidates = profile.candidates().len();
        let weights = profile.whole_weights()?;
        let mut units = vec![0; candidates * candidates];
        for (ranks, weight) in profile.ranks()?.into_iter().zip(&weights.units) {
            let key = |rank: Option<usize>| rank.or((unranked == Unranked::Last).then_some(usize::MAX));
            let keys: Vec<(usize, usize)> =
                ranks.into_iter().enumerate().filter_map(|(at, rank)| Some((at, key(rank)?))).collect();
            for (x, rank) in &keys {
                for (y, other) in &keys {
                    if rank < other {
                        units[x * candidates + y] += weight;
                    }
                }
            }
        }
        Ok(Self { candidates, units, unit: weights.unit })
    }

    /// Number of candidates.
    #[must_use]
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// The weight of the judges that rank `x` above `y`.
    ///
    /// # Panics
    /// One of the candidates does not exist.
    #[must_use]
    pub fn weight(&self, x: usize, y: usize) -> f64 {
        self.in_weights(self.units(x, y))
    }

    /// The weight of the judges that rank `x` above `y`, minus that of those that rank `y` above `x`.
    ///
    /// # Panics
    /// One of the candidates does not exist.
    #[must_use]
    pub fn margin(&self, x: usize, y: usize) -> f64 {
        self.in_weights(self.margin_units(x, y))
    }

    /// Whether a majority of those that do not rank the two equal ranks `x` above `y`.
    ///
    /// # Panics
    /// One of the candidates does not exist.
    #[must_use]
    pub fn beats(&self, x: usize, y: usize) -> bool {
        self.margin_units(x, y) > 0
    }

    pub(crate) fn units(&self, x: usize, y: usize) -> i64 {
        self.units[x * self.candidates + y]
    }

    pub(crate) fn margin_units(&self, x: usize, y: usize) -> i64 {
        self.units(x, y) - self.units(y, x)
    }

    /// The strength of the majority for `x` over `y`, or 0 if there is none.
    pub(crate) fn strength(&self, x: usize, y: usize, strength: Strength) -> i64 {
        match (self.margin_units(x, y), strength) {
            (..=0, _) => 0,
            (margin, Strength::Margins) => margin,
            (_, Strength::WinningVotes) => self.units(x, y),
        }
    }

    /// A number of units as a weight.
    pub(crate) fn in_weights(&self, units: i64) -> f64 {
        units as f64 * self.unit
    }

    /// The preferences among some of the candidates.
    pub(crate) fn restricted(&self, kept: &[usize]) -> Self {
        let units = kept.iter().flat_map(|x| kept.iter().map(|y| self.units(*x, *y)));
        Self { candidates: kept.len(), units: units.collect(), unit: self.unit }
    }
}
