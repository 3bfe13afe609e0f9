use crate::group_by_loss::group_by_loss;
use crate::{Point, PolicyResult, Sweep};
use align_metrics::SampleMean;
use align_report::{
    Axis, Better, Estimate, Histogram, HistogramGroup, HistogramHeight, LineChart, LineSeries, ParetoDirections,
    Scatter, ScatterPoint, ScatterSeries, SeriesColour,
};

/// The 97.5% quantile of the normal distribution.
pub(crate) const NORMAL_95: f64 = 1.959_963_984_540_054;

/// The figures of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Mean reward against `KL(policy ‖ reference)`.
    pub reward_against_kl: Scatter,
    /// Mean reward against token entropy.
    pub reward_against_entropy: Scatter,
    /// Training curves, each with one line per loss, at the beta with the highest reward of that loss.
    pub training: Vec<LineChart>,
    /// Reward histograms before and after training, one figure per loss, at the beta with the highest reward of that
    /// loss.
    pub rewards: Vec<Histogram>,
}

/// Creates the figures of a sweep. `best` are the indices of the points whose training curves and rewards are shown.
#[must_use]
pub fn figures(sweep: &Sweep, best: &[usize]) -> Figures {
    let kl = |run: &PolicyResult| with_standard_error(run.evaluation.policy_reference_kl);
    let entropy = |run: &PolicyResult| estimate(run.evaluation.token_entropy);
    let shown: Vec<&(Point, PolicyResult)> = best.iter().filter_map(|index| sweep.points.get(*index)).collect();
    Figures {
        // A square-root axis separates the policies with small divergence.
        reward_against_kl: scatter(sweep, Axis::sqrt("KL(policy ‖ SFT), nats per text"), kl, Better::Lower),
        reward_against_entropy: scatter(sweep, Axis::linear("Token entropy, nats"), entropy, Better::Higher),
        training: [
            ("Reward margin", "rewards/margins"),
            ("Reward accuracy", "rewards/accuracies"),
            ("Log-ratio of chosen texts (nats)", "log_ratios/chosen"),
            ("Likelihood displacement", "likelihood_displacement"),
            ("Gradient norm", "grad_norm"),
            ("Learning rate", "learning_rate"),
        ]
        .into_iter()
        .filter_map(|(title, metric)| curves(&shown, title, metric))
        .collect(),
        rewards: shown.iter().map(|(point, run)| rewards(sweep, point, run)).collect(),
    }
}

fn scatter(sweep: &Sweep, x: Axis, measure: impl Fn(&PolicyResult) -> Estimate, better: Better) -> Scatter {
    let point_of =
        |label: String, run: &PolicyResult| ScatterPoint::new(label, measure(run), estimate(run.evaluation.reward));
    let series = group_by_loss(sweep).into_iter().map(|(loss, points)| {
        let points = points.into_iter().map(|(point, run)| point_of(point.beta.to_string(), run)).collect();
        ScatterSeries::curve(loss.to_string(), points)
    });
    Scatter {
        title: format!("Mean reward against {}", x.title),
        x,
        y: Axis::linear("Mean reward"),
        series: series.collect(),
        point_labels: Some("β".to_owned()),
        baseline: Some(point_of("SFT".to_owned(), &sweep.sft)),
        pareto: Some(ParetoDirections { x: better, y: Better::Higher }),
    }
}

fn curves(shown: &[&(Point, PolicyResult)], title: &str, metric: &str) -> Option<LineChart> {
    let line = |(point, run): &&(Point, PolicyResult)| {
        let values = run.training.iter().filter_map(|step| Some((step.step as f64, step.get(metric)?)));
        LineSeries::new(point.to_string(), values).with_colour(SeriesColour::NameOf(point.loss.to_string()))
    };
    let drawn = shown.iter().map(line).filter(|line| line.points.iter().any(|point| point.value.is_finite()));
    let series = LineSeries::merge_equal(drawn.collect());
    (!series.is_empty()).then(|| LineChart {
        title: title.to_owned(),
        x: Axis::linear("Step"),
        y: Axis::linear(title),
        series,
        smoothing: None,
    })
}

fn rewards(sweep: &Sweep, point: &Point, run: &PolicyResult) -> Histogram {
    let rewards = |run: &PolicyResult| run.samples.iter().map(|sample| sample.reward).collect();
    let before = HistogramGroup::new("SFT", rewards(&sweep.sft)).with_colour(SeriesColour::Baseline);
    let after = HistogramGroup::new(point.to_string(), rewards(run));
    Histogram {
        title: format!("Rewards of texts before and after {point}"),
        x: "Reward".to_owned(),
        height: HistogramHeight::Share,
        groups: vec![before, after.with_colour(SeriesColour::NameOf(point.loss.to_string()))],
    }
}

pub(crate) fn estimate(of: align_metrics::Estimate) -> Estimate {
    Estimate::new(of.value, of.interval.low, of.interval.high)
}

/// Adds the normal 95% interval, cut off at 0 because divergences are not negative. Without a standard error, there is
/// no interval.
pub(crate) fn with_standard_error(mean: SampleMean) -> Estimate {
    let half = NORMAL_95 * mean.standard_error;
    match half > 0.0 {
        true => Estimate::new(mean.value, (mean.value - half).max(0.0), mean.value + half),
        false => Estimate::exact(mean.value),
    }
}
