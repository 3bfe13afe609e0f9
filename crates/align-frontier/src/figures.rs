use crate::by_loss::by_loss;
use crate::{Measured, Point, Sweep};
use align_metrics::SampleMean;
use align_report::{
    Axis, Better, Estimate, Histogram, HistogramGroup, HistogramHeight, LineChart, LineSeries, ParetoDirections,
    Scatter, ScatterPoint, ScatterSeries,
};

/// The 97.5% point of the normal distribution: 95% lie within so many standard errors.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// The figures of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Mean reward against `KL(policy ‖ reference)`.
    pub reward_against_kl: Scatter,
    /// Mean reward against token entropy.
    pub reward_against_entropy: Scatter,
    /// Curves of training, each with a line a loss, at the point of its highest reward.
    pub training: Vec<LineChart>,
    /// Rewards before and after, one figure a loss, at the point of its highest reward.
    pub rewards: Vec<Histogram>,
}

/// Draws a sweep's results; `best` are the places of points whose training and rewards are shown.
#[must_use]
pub fn figures(sweep: &Sweep, best: &[usize]) -> Figures {
    let kl = |run: &Measured| with_standard_error(run.evaluation.policy_reference_kl);
    let entropy = |run: &Measured| estimate(run.evaluation.token_entropy);
    let shown: Vec<&(Point, Measured)> = best.iter().filter_map(|place| sweep.points.get(*place)).collect();
    Figures {
        // By the root of a divergence the policies that stayed near can be told apart.
        reward_against_kl: scatter(sweep, Axis::sqrt("KL(policy ‖ SFT), nats a text"), kl, Better::Lower),
        reward_against_entropy: scatter(sweep, Axis::linear("Token entropy, nats"), entropy, Better::Higher),
        training: [
            ("Reward margin", "rewards/margins"),
            ("Reward accuracy", "rewards/accuracies"),
            ("Log-ratio of chosen texts, nats", "log_ratios/chosen"),
            ("Likelihood displacement", "likelihood_displacement"),
        ]
        .into_iter()
        .filter_map(|(title, metric)| curves(&shown, title, metric))
        .collect(),
        rewards: shown.iter().map(|(point, run)| rewards(sweep, point, run)).collect(),
    }
}

fn scatter(sweep: &Sweep, x: Axis, measure: impl Fn(&Measured) -> Estimate, better: Better) -> Scatter {
    let place = |label: String, run: &Measured| ScatterPoint::new(label, measure(run), estimate(run.evaluation.reward));
    let series = by_loss(sweep).into_iter().map(|(loss, points)| ScatterSeries {
        name: loss.to_string(),
        points: points.into_iter().map(|(point, run)| place(point.beta.to_string(), run)).collect(),
    });
    Scatter {
        title: format!("Mean reward against {}", x.title),
        x,
        y: Axis::linear("Mean reward"),
        series: series.collect(),
        point_labels: Some("β".to_owned()),
        baseline: Some(place("SFT".to_owned(), &sweep.sft)),
        pareto: Some(ParetoDirections { x: better, y: Better::Higher }),
    }
}

fn curves(shown: &[&(Point, Measured)], title: &str, metric: &str) -> Option<LineChart> {
    let line = |(point, run): &&(Point, Measured)| {
        let values = run.training.iter().filter_map(|step| Some((step.step as f64, step.metrics.get(metric)?)));
        LineSeries::new(point.to_string(), values)
    };
    let series: Vec<LineSeries> =
        shown.iter().map(line).filter(|line| line.points.iter().any(|point| point.value.is_finite())).collect();
    (!series.is_empty()).then(|| LineChart {
        title: title.to_owned(),
        x: Axis::linear("Step"),
        y: Axis::linear(title),
        series,
        smoothing: None,
    })
}

fn rewards(sweep: &Sweep, point: &Point, run: &Measured) -> Histogram {
    let group = |name: String, run: &Measured| HistogramGroup {
        name,
        values: run.samples.iter().map(|sample| sample.reward).collect(),
    };
    Histogram {
        title: format!("Rewards of texts before and after {point}"),
        x: "Reward".to_owned(),
        height: HistogramHeight::Share,
        groups: vec![group("SFT".to_owned(), &sweep.sft), group(point.to_string(), run)],
    }
}

pub(crate) fn estimate(of: align_metrics::Estimate) -> Estimate {
    Estimate::new(of.value, of.interval.low, of.interval.high)
}

/// With its normal interval of 95%, cut at 0, below which no divergence is; without one where there is no error.
pub(crate) fn with_standard_error(mean: SampleMean) -> Estimate {
    let half = NORMAL_95 * mean.standard_error;
    match half > 0.0 {
        true => Estimate::new(mean.value, (mean.value - half).max(0.0), mean.value + half),
        false => Estimate::exact(mean.value),
    }
}
