use super::{JudgeSweep, JudgedPolicy, PolicyKind};
use crate::figures::{estimate, with_standard_error};
use align_report::{Axis, Better, Estimate, ParetoDirections, Scatter, ScatterPoint, ScatterSeries};

/// The figures of a sweep over rules.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeFigures {
    /// The mean scores by each two judges, with the indices of both.
    pub judges: Vec<(usize, usize, Scatter)>,
    /// The mean standard score against `KL(policy ‖ reference)`.
    pub score_against_kl: Scatter,
}

/// Creates the figures of a sweep over rules.
#[must_use]
pub fn judge_figures(sweep: &JudgeSweep) -> JudgeFigures {
    let score = |judge: usize| {
        move |policy: &JudgedPolicy| policy.scores.get(judge).map_or(Estimate::exact(0.0), |score| estimate(*score))
    };
    let axis =
        |judge: usize| Axis::linear(format!("Mean score, {}", sweep.judges.get(judge).map_or("", String::as_str)));
    let pairs =
        (0..sweep.judges.len()).flat_map(|first| (first + 1..sweep.judges.len()).map(move |other| (first, other)));
    let of_pair = |(x, y)| (x, y, scatter(sweep, (axis(x), axis(y)), Better::Higher, &score(x), &score(y)));
    let kl = |policy: &JudgedPolicy| with_standard_error(policy.evaluation.policy_reference_kl);
    let mean = |policy: &JudgedPolicy| estimate(policy.evaluation.reward);
    let axes = (Axis::sqrt("KL(policy ‖ SFT), nats per text"), Axis::linear("Mean standard score"));
    JudgeFigures {
        judges: pairs.map(of_pair).collect(),
        score_against_kl: scatter(sweep, axes, Better::Lower, &kl, &mean),
    }
}

/// A series for the judges alone, one for each rule, and one for the soups. The soups of two judges are a curve from one judge to the other.
fn scatter(
    sweep: &JudgeSweep,
    (x, y): (Axis, Axis),
    better: Better,
    x_of: &dyn Fn(&JudgedPolicy) -> Estimate,
    y_of: &dyn Fn(&JudgedPolicy) -> Estimate,
) -> Scatter {
    let point = |policy: &JudgedPolicy, label: String| ScatterPoint::new(label, x_of(policy), y_of(policy));
    let of_kind = |wanted: fn(&PolicyKind) -> bool| sweep.policies.iter().filter(move |policy| wanted(&policy.kind));
    let label = |policy: &JudgedPolicy| match &policy.kind {
        PolicyKind::Judge(index) => sweep.judges.get(*index).cloned().unwrap_or_default(),
        PolicyKind::Soup(_) | PolicyKind::Rule(_) => String::new(),
        PolicyKind::Sft => "SFT".to_owned(),
    };
    let points = |wanted| of_kind(wanted).map(|policy| point(policy, label(policy))).collect::<Vec<_>>();
    let mut series =
        vec![ScatterSeries::unordered("One judge alone", points(|kind| matches!(kind, PolicyKind::Judge(_))))];
    series.extend(
        of_kind(|kind| matches!(kind, PolicyKind::Rule(_))).map(|policy| {
            ScatterSeries::unordered(policy.kind.name(&sweep.judges), vec![point(policy, String::new())])
        }),
    );
    let soups = points(|kind| matches!(kind, PolicyKind::Soup(_)));
    series.push(match sweep.judges.len() {
        2 => ScatterSeries::curve("Soups", soups),
        _ => ScatterSeries::unordered("Soups", soups),
    });
    series.retain(|series| !series.points.is_empty());
    Scatter {
        title: format!("{} against {}", y.title, x.title),
        x,
        y,
        series,
        point_labels: None,
        baseline: sweep.policies.first().map(|sft| point(sft, label(sft))),
        pareto: Some(ParetoDirections { x: better, y: Better::Higher }),
    }
}
