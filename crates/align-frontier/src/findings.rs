use crate::comparison::{bracketed, rewards};
use crate::gap::gaps;
use crate::lead::{leads, summary};
use crate::{Comparison, Gap, Lead, Measure, Measured, Result, Sweep};
use align_metrics::{Bootstrap, Clusters, Direction, PairedComparison, pareto_front};
use serde::{Deserialize, Serialize};

/// What a sweep shows, and how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// The front of high reward and low divergence: 0 is the model before training, `i + 1` the sweep's point `i`.
    pub kl_front: Vec<usize>,
    /// The front of high reward and high entropy, likewise.
    pub entropy_front: Vec<usize>,
    /// Which loss leads where.
    pub leads: Vec<Lead>,
    /// Each two losses over all that both reach.
    pub gaps: Vec<Gap>,
    /// The place of each loss's point of the highest reward, from the best loss to the worst.
    pub best: Vec<usize>,
    /// The best point of all beside the best one of each other loss, on the same prompts and draws.
    pub best_compared: Vec<(usize, Comparison)>,
}

impl Findings {
    /// Reads a sweep.
    ///
    /// # Errors
    /// Measures that are not finite.
    pub fn of(sweep: &Sweep, bootstrap: &Bootstrap) -> Result<Self> {
        let all: Vec<&Measured> = std::iter::once(&sweep.sft).chain(sweep.points.iter().map(|(_, run)| run)).collect();
        let front = |x: fn(&Measured) -> f64, direction| {
            let places: Vec<[f64; 2]> = all.iter().map(|run| [x(run), run.evaluation.reward.value]).collect();
            pareto_front(&places, [direction, Direction::Maximise])
        };
        let mut leads = leads(sweep, Measure::Kl)?;
        leads.extend(self::leads(sweep, Measure::Entropy)?);
        let best = best(sweep);
        let prompts = Clusters::by(&sweep.sft.samples.iter().map(|sample| sample.prompt).collect::<Vec<_>>());
        let mut best_compared = Vec::new();
        if let Some((first, others)) = best.split_first() {
            let of = |place: &usize| sweep.points.get(*place).map(|(_, run)| rewards(run)).unwrap_or_default();
            let compare = |other| Ok(PairedComparison::of(&of(first), &of(other), Some(&prompts), bootstrap)?);
            let found = Comparison::all(others.iter().map(compare).collect::<Result<_>>()?)?;
            best_compared.extend(others.iter().copied().zip(found));
        }
        Ok(Self {
            kl_front: front(|run| run.evaluation.policy_reference_kl.value, Direction::Minimise)?,
            entropy_front: front(|run| run.evaluation.token_entropy.value, Direction::Maximise)?,
            leads,
            gaps: gaps(sweep, &prompts, bootstrap)?,
            best,
            best_compared,
        })
    }

    /// Whether a policy, 0 being the model before training, is on the front of reward and divergence.
    #[must_use]
    pub fn is_on_kl_front(&self, place: usize) -> bool {
        self.kl_front.contains(&place)
    }

    /// Whether a policy, 0 being the model before training, is on the front of reward and entropy.
    #[must_use]
    pub fn is_on_entropy_front(&self, place: usize) -> bool {
        self.entropy_front.contains(&place)
    }

    /// The findings in words, a sentence or two each.
    #[must_use]
    pub fn statements(&self, sweep: &Sweep) -> Vec<String> {
        let mut said = Vec::new();
        match self.gaps.is_empty() {
            true => {
                said.push("No two losses reach over the same stretch of KL(policy ‖ SFT): no comparison.".to_owned())
            }
            false => said.extend(self.gaps.iter().map(Gap::in_words)),
        }
        for (measure, what) in [(Measure::Kl, "KL(policy ‖ SFT)"), (Measure::Entropy, "token entropy")] {
            let leads: Vec<&Lead> = self.leads.iter().filter(|lead| lead.measure == measure).collect();
            said.extend(summary(&leads).map(|summary| format!("By {what}, {summary}.")));
        }
        for (front, what) in [(&self.kl_front, "low KL"), (&self.entropy_front, "high token entropy")] {
            let names: Vec<String> = front.iter().map(|place| name(sweep, *place)).collect();
            said.push(format!("On the Pareto front of high reward and {what}: {}.", names.join("; ")));
        }
        if let Some(best) = self.best.first() {
            let reward = sweep.points.get(*best).map(|(_, run)| run.evaluation.reward);
            said.push(format!(
                "The highest mean reward is that of {}, {}; SFT's is {}.",
                name(sweep, best + 1),
                reward.map(bracketed).unwrap_or_default(),
                bracketed(sweep.sft.evaluation.reward)
            ));
            said.extend(self.best_compared.iter().map(|(other, found)| {
                format!(
                    "It is above the best of another loss, {}, by {} on equal prompts {}.",
                    name(sweep, other + 1),
                    bracketed(found.paired.mean_difference),
                    found.in_words()
                )
            }));
        }
        said.push(
            "Intervals are over prompts and their texts. Each point is one training run, so what another seed of training \
             would change is in none of them; the best point of a loss was chosen by the rewards that it is shown with. P-values \
             are adjusted after Holm for the number of comparisons."
                .to_owned(),
        );
        said
    }
}

/// A policy's name, 0 being the model before training.
pub(crate) fn name(sweep: &Sweep, place: usize) -> String {
    let point = place.checked_sub(1).and_then(|at| sweep.points.get(at));
    point.map_or_else(|| "SFT".to_owned(), |(point, _)| point.to_string())
}

fn best(sweep: &Sweep) -> Vec<usize> {
    let reward = |place: &usize| sweep.points.get(*place).map_or(f64::NAN, |(_, run)| run.evaluation.reward.value);
    let mut best: Vec<usize> = Vec::new();
    for (place, (point, _)) in sweep.points.iter().enumerate() {
        let same = |other: &&mut usize| sweep.points.get(**other).is_some_and(|(other, _)| other.loss == point.loss);
        match best.iter_mut().find(same) {
            Some(other) if reward(&place) > reward(other) => *other = place,
            Some(_) => {}
            None => best.push(place),
        }
    }
    best.sort_by(|a, b| reward(b).total_cmp(&reward(a)));
    best
}
