use crate::group_by_loss::group_by_loss;
use crate::{LossSetting, Point, PolicyResult, Result, Sweep};
use align_metrics::{CurvePoint, leading_curves};
use serde::{Deserialize, Serialize};

/// The quantity on the horizontal axis of a frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FrontierMeasure {
    /// `KL(policy ‖ reference)`; lower is better.
    Kl,
    /// Token entropy; higher is better.
    Entropy,
}

/// A range of a measure in which one loss has the highest reward, with linear interpolation between points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadingLoss {
    /// The measure of the range.
    pub measure: FrontierMeasure,
    /// Start of the range, in nats.
    pub from: f64,
    /// End of the range, in nats.
    pub to: f64,
    /// The loss with the highest reward.
    pub leader: LossSetting,
    /// All losses with points on both sides of some part of the range.
    pub compared: Vec<LossSetting>,
    /// The fraction of the range in which the leader's interval is above all others.
    pub beyond_intervals: f64,
}

/// Finds the ranges with a single leading loss, whether or not its interval is above the others.
pub(crate) fn leading_losses(sweep: &Sweep, measure: FrontierMeasure) -> Result<Vec<LeadingLoss>> {
    let curve = |points: &[(&Point, &PolicyResult)]| {
        let mut curve: Vec<CurvePoint> = points.iter().map(|(_, run)| curve_point(run, measure)).collect();
        curve.sort_by(|a, b| a.x.total_cmp(&b.x));
        curve.dedup_by(|a, b| a.x == b.x);
        curve
    };
    let curves: Vec<(LossSetting, Vec<CurvePoint>)> =
        group_by_loss(sweep).iter().map(|(loss, points)| (*loss, curve(points))).filter(|(_, c)| c.len() > 1).collect();
    if curves.len() < 2 {
        return Ok(Vec::new());
    }
    let mut found: Vec<LeadingLoss> = Vec::new();
    for stretch in leading_curves(&curves.iter().map(|(_, curve)| curve).collect::<Vec<_>>())? {
        let loss = |at: &usize| curves.get(*at).map(|(loss, _)| *loss);
        let Some(leader) = stretch.leader.as_ref().and_then(loss) else { continue };
        let (from, to) = (stretch.x_low, stretch.x_high);
        let beyond = if stretch.beyond_intervals { to - from } else { 0.0 };
        let compared: Vec<LossSetting> = stretch.compared.iter().filter_map(loss).collect();
        match found.last_mut() {
            Some(last) if last.leader == leader && last.to == from => {
                let before = last.beyond_intervals * (last.to - last.from);
                last.to = to;
                last.beyond_intervals = (before + beyond) / (to - last.from);
                let new: Vec<LossSetting> = compared.into_iter().filter(|loss| !last.compared.contains(loss)).collect();
                last.compared.extend(new);
            }
            _ => {
                let beyond_intervals = beyond / (to - from);
                found.push(LeadingLoss { measure, from, to, leader, compared, beyond_intervals });
            }
        }
    }
    Ok(found)
}

fn curve_point(run: &PolicyResult, measure: FrontierMeasure) -> CurvePoint {
    let reward = run.evaluation.reward;
    let x = match measure {
        FrontierMeasure::Kl => run.evaluation.policy_reference_kl.value,
        FrontierMeasure::Entropy => run.evaluation.token_entropy.value,
    };
    // A percentile interval may not contain the estimate itself.
    let (y_low, y_high) = (reward.interval.low.min(reward.value), reward.interval.high.max(reward.value));
    CurvePoint { x, y: reward.value, y_low, y_high }
}
