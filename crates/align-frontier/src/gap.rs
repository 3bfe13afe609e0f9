use crate::by_loss::by_loss;
use crate::comparison::{bracketed, rewards};
use crate::{Comparison, LossSetting, Measured, Point, Result, Sweep};
use align_metrics::{Bootstrap, Clusters, PairedComparison, mean_height_weights};
use serde::{Deserialize, Serialize};

/// How far the curve of one loss lies above another's, reward by `KL(policy ‖ reference)`, over the whole stretch on which both
/// were measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Where the stretch begins, in nats.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// The loss that is higher on the whole.
    pub above: LossSetting,
    /// The other one.
    pub below: LossSetting,
    /// The mean height of the one less that of the other, on the same prompts and draws; where a point stands by its divergence
    /// is taken as it was measured.
    pub compared: Comparison,
}

impl Gap {
    pub(crate) fn in_words(&self) -> String {
        let Self { from, to, above, below, compared } = self;
        format!(
            "From {from:.2} to {to:.2} nats of KL(policy ‖ SFT) the reward with {above} is higher than with {below} by {} in the \
             mean over the stretch, on equal prompts {}.",
            bracketed(compared.paired.mean_difference),
            compared.in_words()
        )
    }
}

/// Each two losses with a stretch of divergence in common.
pub(crate) fn gaps(sweep: &Sweep, prompts: &Clusters, bootstrap: &Bootstrap) -> Result<Vec<Gap>> {
    let kl = |run: &Measured| run.evaluation.policy_reference_kl.value;
    let mut curves = by_loss(sweep);
    for (_, points) in &mut curves {
        points.sort_by(|(_, a), (_, b)| kl(a).total_cmp(&kl(b)));
        points.dedup_by(|(_, a), (_, b)| kl(a) == kl(b));
    }
    curves.retain(|(_, points)| points.len() > 1);
    let mut found = Vec::new();
    for (at, (first, a)) in curves.iter().enumerate() {
        for (second, b) in curves.iter().skip(at + 1) {
            let x = |points: &[(&Point, &Measured)]| -> Vec<f64> { points.iter().map(|(_, run)| kl(run)).collect() };
            let (of_a, of_b) = (x(a), x(b));
            let ends = |x: &[f64]| Some((*x.first()?, *x.last()?));
            let (Some(a_ends), Some(b_ends)) = (ends(&of_a), ends(&of_b)) else { continue };
            let (from, to) = (a_ends.0.max(b_ends.0), a_ends.1.min(b_ends.1));
            if from >= to {
                continue;
            }
            let heights = |x: &[f64], points: &[(&Point, &Measured)]| -> Result<Vec<f64>> {
                let weights = mean_height_weights(x, from, to)?;
                let mut sums = vec![0.0; sweep.sft.samples.len()];
                for (weight, (_, run)) in weights.iter().zip(points) {
                    sums.iter_mut().zip(rewards(run)).for_each(|(sum, reward)| *sum += weight * reward);
                }
                Ok(sums)
            };
            let (of_a, of_b) = (heights(&of_a, a)?, heights(&of_b, b)?);
            // The rows are equally many.
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
    let both = stretches.into_iter().zip(Comparison::all(compared)?);
    Ok(both.map(|((from, to, above, below), compared)| Gap { from, to, above, below, compared }).collect())
}
