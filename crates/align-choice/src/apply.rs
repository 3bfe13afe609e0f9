use crate::borda::borda;
use crate::copeland::copeland;
use crate::kemeny_young::kemeny_young;
use crate::leximin::leximin;
use crate::maximal_lotteries::maximal_lottery;
use crate::minimax::minimax;
use crate::nash::nash;
use crate::plurality::plurality;
use crate::ranked_pairs::ranked_pairs;
use crate::schulze::schulze;
use crate::smith_set::smith_ranking;
use crate::threshold::threshold;
use crate::weighted_sum::weighted_sum;
use crate::{Error, Outcome, PairwisePreferences, Profile, Ranking, Result, Rule, ScoreTable, TieBreak, Unranked};

/// How ties and abstentions are treated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What happens to candidates that the rule ties.
    pub tie_break: TieBreak,
    /// What a ranking says about candidates that it leaves out. Rules on scores do not use it.
    pub unranked: Unranked,
}

impl Rule {
    /// Applies the rule to a table of scores.
    ///
    /// Candidates that no judge of positive weight scores are tied in last place, and the rule is applied to the others.
    ///
    /// # Errors
    /// The order that breaks ties does not have each candidate once; `unranked` is set for a rule on scores; or the scores do not suit the rule:
    /// one is below the zero point of the Nash product, a threshold is for an unknown judge or leaves no judge for the objective, or
    /// scores are so large that results overflow.
    pub fn apply(&self, table: &ScoreTable, options: &Options) -> Result<Outcome> {
        self.check()?;
        if options.unranked != Unranked::default() && !self.uses_rankings() {
            return Err(Error::UnrankedWithoutEffect(self.to_string()));
        }
        let order = options.tie_break.order(table.candidates().len())?;
        self.apply_in_order(table, order.as_deref(), options.unranked)
    }

    /// Applies the rule to rankings.
    ///
    /// Candidates that no ballot of positive weight ranks are tied in last place, and the rule is applied to the others.
    ///
    /// # Errors
    /// The rule needs scores, or the order that breaks ties does not have each candidate once.
    pub fn apply_to_profile(&self, profile: &Profile, options: &Options) -> Result<Outcome> {
        if !self.is_on_rankings() {
            return Err(Error::NeedsScores(self.to_string()));
        }
        let order = options.tie_break.order(profile.candidates().len())?;
        self.rank_profile(profile, order.as_deref(), options.unranked)
    }

    fn apply_in_order(&self, table: &ScoreTable, order: Option<&[usize]>, unranked: Unranked) -> Result<Outcome> {
        if self.is_on_rankings() {
            return self.rank_profile(&table.profile(), order, unranked);
        }
        let candidates = table.candidates().len();
        let kept = places(&table.scored());
        if kept.is_empty() {
            return Ok(all_tied(candidates).with_order(order));
        }
        if kept.len() < candidates {
            let inner = order_among(order, &kept);
            let outcome = self.apply_in_order(&table.restricted(&kept, |_| true), inner.as_deref(), unranked)?;
            return Ok(outcome.renumbered(&kept, candidates).with_order(order));
        }
        let outcome = match self {
            Self::WeightedSum(scale) => weighted_sum(table, *scale),
            Self::Nash { zero } => nash(table, *zero),
            Self::Leximin(scale) => leximin(table, *scale),
            Self::Threshold { thresholds, objective } => threshold(table, thresholds, |group, members| {
                objective.apply_in_order(group, order_among(order, members).as_deref(), unranked)
            }),
            _ => self.rank_profile(&table.profile(), order, unranked),
        };
        Ok(outcome?.with_order(order))
    }

    fn rank_profile(&self, profile: &Profile, order: Option<&[usize]>, unranked: Unranked) -> Result<Outcome> {
        let candidates = profile.candidates().len();
        let kept = places(&profile.ranked());
        let outcome = if kept.is_empty() || kept.len() == candidates {
            self.rank_ranked(profile, order, unranked)?
        } else {
            let inner = order_among(order, &kept);
            let outcome = self.rank_ranked(&profile.restricted(&kept), inner.as_deref(), unranked)?;
            outcome.renumbered(&kept, candidates)
        };
        Ok(outcome.with_order(order))
    }

    fn rank_ranked(&self, profile: &Profile, order: Option<&[usize]>, unranked: Unranked) -> Result<Outcome> {
        let pairs = PairwisePreferences::new(profile, unranked)?;
        match self {
            Self::Plurality => plurality(profile),
            Self::Borda => Ok(borda(&pairs)),
            Self::Copeland => Ok(copeland(&pairs)),
            Self::Minimax(strength) => Ok(minimax(&pairs, *strength)),
            Self::RankedPairs(strength) => Ok(ranked_pairs(&pairs, *strength, order)),
            Self::Schulze(strength) => Ok(schulze(&pairs, *strength)),
            Self::KemenyYoung => Ok(kemeny_young(&pairs)),
            Self::SmithSet => Ok(smith_ranking(&pairs)),
            Self::MaximalLotteries => maximal_lottery(&pairs),
            Self::WeightedSum(_) | Self::Nash { .. } | Self::Leximin(_) | Self::Threshold { .. } => {
                Err(Error::NeedsScores(self.to_string()))
            }
        }
    }
}

/// The indices of the candidates that are kept.
fn places(is_kept: &[bool]) -> Vec<usize> {
    is_kept.iter().enumerate().filter_map(|(at, kept)| kept.then_some(at)).collect()
}

/// The order of some of the candidates, numbered by their places in `kept`.
fn order_among(order: Option<&[usize]>, kept: &[usize]) -> Option<Vec<usize>> {
    let place = |candidate: &usize| kept.iter().position(|at| at == candidate);
    order.map(|order| order.iter().filter_map(place).collect())
}

fn all_tied(candidates: usize) -> Outcome {
    Outcome::of_ranking(Ranking::of_tiers(vec![(0..candidates).collect()]), candidates)
}
