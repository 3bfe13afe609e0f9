use crate::comparison::rewards;
use crate::group_by_loss::group_by_loss;
use crate::{Comparison, LossSetting, Point, PolicyResult, Result, Sweep};
use align_metrics::{Bootstrap, Clusters, PairedComparison, curve_mean_weights};
use serde::{Deserialize, Serialize};

/// Compares two losses by the area between their curves of reward against `KL(policy ‖ reference)`, over the divergence
/// range that both cover.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveComparison {
    /// Start of the range, in nats.
    pub from: f64,
    /// End of the range, in nats.
    pub to: f64,
    /// The loss with the higher mean reward.
    pub above: LossSetting,
    /// The other loss.
    pub below: LossSetting,
    /// The difference of the mean rewards over the range, on the same prompts and random draws. The divergences are
    /// treated as exact.
    pub compared: Comparison,
}

/// Compares each pair of losses whose divergence ranges overlap.
pub(crate) fn curve_comparisons(
    sweep: &Sweep,
    prompts: &Clusters,
    bootstrap: &Bootstrap,
) -> Result<Vec<CurveComparison>> {
    let kl = |run: &PolicyResult| run.evaluation.policy_reference_kl.value;
    let mut curves = group_by_loss(sweep);
    for (_, points) in &mut curves {
        points.sort_by(|(_, a), (_, b)| kl(a).total_cmp(&kl(b)));
        points.dedup_by(|(_, a), (_, b)| kl(a) == kl(b));
    }
    curves.retain(|(_, points)| points.len() > 1);
    let mut found = Vec::new();
    for (at, (first, a)) in curves.iter().enumerate() {
        for (second, b) in curves.iter().skip(at + 1) {
            let x =
                |points: &[(&Point, &PolicyResult)]| -> Vec<f64> { points.iter().map(|(_, run)| kl(run)).collect() };
            let (of_a, of_b) = (x(a), x(b));
            let ends = |x: &[f64]| Some((*x.first()?, *x.last()?));
            let (Some(a_ends), Some(b_ends)) = (ends(&of_a), ends(&of_b)) else { continue };
            let (from, to) = (a_ends.0.max(b_ends.0), a_ends.1.min(b_ends.1));
            if from >= to {
                continue;
            }
            let heights = |x: &[f64], points: &[(&Point, &PolicyResult)]| -> Result<Vec<f64>> {
                let weights = curve_mean_weights(x, from, to)?;
                let mut sums = vec![0.0; sweep.sft.samples.len()];
                for (weight, (_, run)) in weights.iter().zip(points) {
                    sums.iter_mut().zip(rewards(run)).for_each(|(sum, reward)| *sum += weight * reward);
                }
                Ok(sums)
            };
            let (of_a, of_b) = (heights(&of_a, a)?, heights(&of_b, b)?);
            // Both have the same number of texts.
            let is_first_above = of_a.iter().sum::<f64>() >= of_b.iter().sum::<f64>();
            let (above, below, high, low) = match is_first_above {
                true => (*first, *second, of_a, of_b),
                false => (*second, *first, of_b, of_a),
            };
            let compared = PairedComparison::of(&high, &low, Some(prompts), bootstrap)?;
            found.push(((from, to, above, below), compared));
        }
    }
    let (stretches, compared): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let both = stretches.into_iter().zip(Comparison::adjust_all(compared)?);
    Ok(both.map(|((from, to, above, below), compared)| CurveComparison { from, to, above, below, compared }).collect())
}
