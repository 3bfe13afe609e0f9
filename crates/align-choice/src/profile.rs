use crate::whole_weights::WholeWeights;
use crate::{Ballot, Error, Result};

/// Rankings of candidates: weak orders with weights or multiplicities.
///
/// The text form has one ballot in each line: `3: A > B = C` means that three judges rank A above B and C, which are tied. Without a number
/// it is one judge. Candidates are numbered in the order in which they first appear.
///
/// ```
/// use align_choice::{Profile, Rule};
///
/// let profile: Profile = "42: Memphis > Nashville > Chattanooga > Knoxville
///                         26: Nashville > Chattanooga > Knoxville > Memphis
///                         15: Chattanooga > Knoxville > Nashville > Memphis
///                         17: Knoxville > Chattanooga > Nashville > Memphis".parse()?;
/// let outcome = Rule::Borda.apply_to_profile(&profile, &Default::default())?;
/// assert_eq!(profile.candidates()[outcome.winners[0]], "Nashville");
/// # Ok::<(), align_choice::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    candidates: Vec<String>,
    ballots: Vec<Ballot>,
}

impl Profile {
    /// Checks the ballots.
    ///
    /// # Errors
    /// No candidates or no ballots; a ballot that ranks a candidate twice or one that does not exist; a weight that is negative or not
    /// finite; weights that are all 0.
    pub fn new<Name: Into<String>>(
        candidates: impl IntoIterator<Item = Name>,
        ballots: impl IntoIterator<Item = Ballot>,
    ) -> Result<Self> {
        let profile = Self::of_checked(candidates.into_iter().map(Into::into).collect(), ballots.into_iter().collect());
        if profile.candidates.is_empty() {
            return Err(Error::Empty("candidates"));
        }
        if profile.ballots.is_empty() {
            return Err(Error::Empty("ballots"));
        }
        profile.ranks()?;
        profile.whole_weights()?;
        Ok(profile)
    }

    /// A profile of valid parts.
    pub(crate) fn of_checked(candidates: Vec<String>, ballots: Vec<Ballot>) -> Self {
        Self { candidates, ballots }
    }

    /// The names of the candidates.
    #[must_use]
    pub fn candidates(&self) -> &[String] {
        &self.candidates
    }

    /// The ballots.
    #[must_use]
    pub fn ballots(&self) -> &[Ballot] {
        &self.ballots
    }

    /// The tier of each candidate on each ballot.
    pub(crate) fn ranks(&self) -> Result<Vec<Vec<Option<usize>>>> {
        self.ballots.iter().zip(1..).map(|(ballot, number)| ballot.ranks(&self.candidates, number)).collect()
    }

    /// The weights of the ballots.
    pub(crate) fn whole_weights(&self) -> Result<WholeWeights> {
        let weights: Vec<f64> = self.ballots.iter().map(|ballot| ballot.weight).collect();
        WholeWeights::new(&weights, |at| format!("ballot {}", at + 1))
    }

    /// Whether each candidate is ranked by a ballot of positive weight.
    pub(crate) fn ranked(&self) -> Vec<bool> {
        let mut is_ranked = vec![false; self.candidates.len()];
        for candidate in self.ballots.iter().filter(|ballot| ballot.weight > 0.0).flat_map(|b| b.tiers.iter().flatten())
        {
            is_ranked[*candidate] = true;
        }
        is_ranked
    }

    /// The profile of some of the candidates.
    pub(crate) fn restricted(&self, candidates: &[usize]) -> Self {
        Self {
            candidates: candidates.iter().map(|at| self.candidates[*at].clone()).collect(),
            ballots: self.ballots.iter().map(|ballot| ballot.restricted(candidates)).collect(),
        }
    }
}
