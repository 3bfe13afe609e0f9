use crate::comparison::{bracketed, rewards};
use crate::gap::gaps;
use crate::{Comparison, Gap, LossSetting, Measured, Point, Result, Sweep};
use align_metrics::{Bootstrap, Clusters, CurvePoint, Direction, PairedComparison, leads as leads_of, pareto_front};
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

/// Over how much of all stretches each loss is on top, and over how much beyond its interval.
fn summary(leads: &[&Lead]) -> Option<String> {
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

/// The losses of a sweep, in its order, each with its points.
pub(crate) fn by_loss(sweep: &Sweep) -> Vec<(LossSetting, Vec<(&Point, &Measured)>)> {
    let loss = |(point, _): &(Point, Measured)| point.loss;
    let runs = sweep.points.chunk_by(|a, b| loss(a) == loss(b));
    runs.filter_map(|run| Some((loss(run.first()?), run.iter().map(|(point, run)| (point, run)).collect()))).collect()
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

/// Stretches of one leader, whether its interval is above the others' or not.
fn leads(sweep: &Sweep, measure: Measure) -> Result<Vec<Lead>> {
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
