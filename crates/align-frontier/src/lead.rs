use crate::by_loss::by_loss;
use crate::{LossSetting, Measured, Point, Result, Sweep};
use align_metrics::{CurvePoint, leads as leads_of};
use serde::{Deserialize, Serialize};

/// What reward is traded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// `KL(policy ‖ reference)`, better low.
    Kl,
    /// Token entropy, better high.
    Entropy,
}

/// A stretch of a measure over which one loss has the highest reward of those measured there, by straight lines between the
/// points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// What the stretch is of.
    pub measure: Measure,
    /// Where it begins, in nats.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// The loss on top.
    pub leader: LossSetting,
    /// All losses that were measured over some of the stretch.
    pub compared: Vec<LossSetting>,
    /// The share of the stretch on which the leader's interval lies above all others'.
    pub beyond_intervals: f64,
}

/// Stretches of one leader, whether its interval is above the others' or not.
pub(crate) fn leads(sweep: &Sweep, measure: Measure) -> Result<Vec<Lead>> {
    let curve = |points: &[(&Point, &Measured)]| {
        let mut curve: Vec<CurvePoint> = points.iter().map(|(_, run)| curve_point(run, measure)).collect();
        curve.sort_by(|a, b| a.x.total_cmp(&b.x));
        curve.dedup_by(|a, b| a.x == b.x);
        curve
    };
    let curves: Vec<(LossSetting, Vec<CurvePoint>)> =
        by_loss(sweep).iter().map(|(loss, points)| (*loss, curve(points))).filter(|(_, c)| c.len() > 1).collect();
    if curves.len() < 2 {
        return Ok(Vec::new());
    }
    let mut found: Vec<Lead> = Vec::new();
    for stretch in leads_of(&curves.iter().map(|(_, curve)| curve).collect::<Vec<_>>())? {
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
                found.push(Lead { measure, from, to, leader, compared, beyond_intervals });
            }
        }
    }
    Ok(found)
}

fn curve_point(run: &Measured, measure: Measure) -> CurvePoint {
    let reward = run.evaluation.reward;
    let x = match measure {
        Measure::Kl => run.evaluation.policy_reference_kl.value,
        Measure::Entropy => run.evaluation.token_entropy.value,
    };
    // A percentile interval need not hold the number that it is of.
    let (y_low, y_high) = (reward.interval.low.min(reward.value), reward.interval.high.max(reward.value));
    CurvePoint { x, y: reward.value, y_low, y_high }
}

/// Over how much of all stretches each loss is on top, and over how much beyond its interval.
pub(crate) fn summary(leads: &[&Lead]) -> Option<String> {
    let (from, to) = (leads.first()?.from, leads.last()?.to);
    let length = |lead: &&Lead| lead.to - lead.from;
    let all: f64 = leads.iter().map(length).sum();
    let mut shares: Vec<(LossSetting, f64, f64)> = Vec::new();
    for lead in leads {
        let (top, beyond) = (length(lead) / all, lead.beyond_intervals * length(lead) / all);
        match shares.iter_mut().find(|(loss, _, _)| *loss == lead.leader) {
            Some((_, tops, beyonds)) => (*tops, *beyonds) = (*tops + top, *beyonds + beyond),
            None => shares.push((lead.leader, top, beyond)),
        }
    }
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    let percent = |share: f64| format!("{:.0}%", 100.0 * share);
    let tops: Vec<String> = shares.iter().map(|(loss, top, _)| format!("{loss}'s on {}", percent(*top))).collect();
    let sure: Vec<String> = shares
        .iter()
        .filter(|(_, _, beyond)| *beyond > 0.0)
        .map(|(loss, _, b)| format!("{loss}'s on {}", percent(*b)))
        .collect();
    let sure = if sure.is_empty() { "nowhere".to_owned() } else { sure.join(", ") };
    Some(format!(
        "from {from:.2} to {to:.2} nats, the highest line is {}; with its points' intervals above all others': {sure}",
        tops.join(", ")
    ))
}
