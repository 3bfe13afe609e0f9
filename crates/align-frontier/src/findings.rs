use crate::comparison::rewards;
use crate::curve_comparison::curve_comparisons;
use crate::leading_loss::leading_losses;
use crate::{Comparison, CurveComparison, FrontierMeasure, LeadingLoss, PolicyResult, Result, Sweep};
use align_metrics::{Bootstrap, Clusters, Direction, PairedComparison, pareto_front};
use serde::{Deserialize, Serialize};

/// The results of a sweep with their significance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// Pareto front of high reward and low divergence. Index 0 is the model before training, and `i + 1` is the sweep's
    /// point `i`.
    pub kl_front: Vec<usize>,
    /// Pareto front of high reward and high entropy, with the same indices.
    pub entropy_front: Vec<usize>,
    /// Which loss has the highest reward in which range.
    pub leading_losses: Vec<LeadingLoss>,
    /// Pairwise comparisons of losses over the divergence range that both cover.
    pub curve_comparisons: Vec<CurveComparison>,
    /// Index of each loss's point with the highest reward, ordered from the best loss to the worst.
    pub best: Vec<usize>,
    /// The best point overall compared with the best point of each other loss, on the same prompts and random draws.
    pub best_comparisons: Vec<(usize, Comparison)>,
}

impl Findings {
    /// Analyses a sweep.
    ///
    /// # Errors
    /// When a measurement is not finite.
    pub fn new(sweep: &Sweep, bootstrap: &Bootstrap) -> Result<Self> {
        let all: Vec<&PolicyResult> =
            std::iter::once(&sweep.sft).chain(sweep.points.iter().map(|(_, run)| run)).collect();
        let front = |x: fn(&PolicyResult) -> f64, direction| {
            let indices: Vec<[f64; 2]> = all.iter().map(|run| [x(run), run.evaluation.reward.value]).collect();
            pareto_front(&indices, &[direction, Direction::Maximise])
        };
        let mut leading_losses = leading_losses(sweep, FrontierMeasure::Kl)?;
        leading_losses.extend(self::leading_losses(sweep, FrontierMeasure::Entropy)?);
        let best = best(sweep);
        let prompts = Clusters::by(&sweep.sft.samples.iter().map(|sample| sample.prompt).collect::<Vec<_>>());
        let mut best_comparisons = Vec::new();
        if let Some((first, others)) = best.split_first() {
            let of = |index: &usize| sweep.points.get(*index).map(|(_, run)| rewards(run)).unwrap_or_default();
            let compare = |other| Ok(PairedComparison::of(&of(first), &of(other), Some(&prompts), bootstrap)?);
            let found = Comparison::adjust_all(others.iter().map(compare).collect::<Result<_>>()?)?;
            best_comparisons.extend(others.iter().copied().zip(found));
        }
        Ok(Self {
            kl_front: front(|run| run.evaluation.policy_reference_kl.value, Direction::Minimise)?,
            entropy_front: front(|run| run.evaluation.token_entropy.value, Direction::Maximise)?,
            leading_losses,
            curve_comparisons: curve_comparisons(sweep, &prompts, bootstrap)?,
            best,
            best_comparisons,
        })
    }

    /// Whether a policy is on the Pareto front of reward and divergence. Index 0 is the model before training.
    #[must_use]
    pub fn is_on_kl_front(&self, index: usize) -> bool {
        self.kl_front.contains(&index)
    }

    /// Whether a policy is on the Pareto front of reward and entropy. Index 0 is the model before training.
    #[must_use]
    pub fn is_on_entropy_front(&self, index: usize) -> bool {
        self.entropy_front.contains(&index)
    }
}

/// A policy's name. Index 0 is the model before training.
pub(crate) fn name(sweep: &Sweep, index: usize) -> String {
    let point = index.checked_sub(1).and_then(|at| sweep.points.get(at));
    point.map_or_else(|| "SFT".to_owned(), |(point, _)| point.to_string())
}

fn best(sweep: &Sweep) -> Vec<usize> {
    let reward = |index: &usize| sweep.points.get(*index).map_or(f64::NAN, |(_, run)| run.evaluation.reward.value);
    let mut best: Vec<usize> = Vec::new();
    for (index, (point, _)) in sweep.points.iter().enumerate() {
        let same = |other: &&mut usize| sweep.points.get(**other).is_some_and(|(other, _)| other.loss == point.loss);
        match best.iter_mut().find(same) {
            Some(other) if reward(&index) > reward(other) => *other = index,
            Some(_) => {}
            None => best.push(index),
        }
    }
    best.sort_by(|a, b| reward(b).total_cmp(&reward(a)));
    best
}
