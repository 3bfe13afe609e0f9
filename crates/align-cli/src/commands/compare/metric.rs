//! `--metrics`.

use align_frontier::TreeDistance;
use std::fmt::{Display, Formatter};
use std::str::FromStr;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    Weights,
    Hidden,
    Divergence,
    Texts,
    Judges,
}

const ALL: [Metric; 5] = [Metric::Weights, Metric::Hidden, Metric::Divergence, Metric::Texts, Metric::Judges];

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::Hidden => "hidden",
            Self::Divergence => "divergence",
            Self::Texts => "texts",
            Self::Judges => "judges",
        }
    }

    /// The metric that measures the distance of a tree.
    pub fn of_tree(tree: TreeDistance) -> Self {
        match tree {
            TreeDistance::Weights => Self::Weights,
            TreeDistance::Hidden => Self::Hidden,
            TreeDistance::Divergence => Self::Divergence,
            TreeDistance::Texts => Self::Texts,
        }
    }
}

impl Display for Metric {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Metric {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || ALL.map(Self::name).join(", ");
        ALL.into_iter().find(|metric| metric.name() == text).ok_or_else(|| format!("expected some of {}", known()))
    }
}

/// The selected metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected(Vec<Metric>);

impl Selected {
    pub fn new(metrics: &[Metric]) -> Self {
        Self(metrics.to_vec())
    }

    /// The metrics that are measured if none is named: those that the given options are for.
    pub fn by_options(has_input: bool, generates_texts: bool, has_judges: bool) -> Self {
        let when = |given: bool, metrics: &[Metric]| if given { metrics.to_vec() } else { Vec::new() };
        Self(
            [
                vec![Metric::Weights],
                when(has_input, &[Metric::Hidden, Metric::Divergence]),
                when(generates_texts, &[Metric::Texts]),
                when(has_judges, &[Metric::Judges]),
            ]
            .concat(),
        )
    }

    pub fn has(&self, metric: Metric) -> bool {
        self.0.contains(&metric)
    }

    /// Whether models are compared along input texts.
    pub fn along_texts(&self) -> bool {
        self.has(Metric::Hidden) || self.has(Metric::Divergence)
    }

    /// Whether models generate texts.
    pub fn generates_texts(&self) -> bool {
        self.has(Metric::Texts) || self.has(Metric::Judges)
    }

    /// Whether there are bootstrap intervals.
    pub fn has_intervals(&self) -> bool {
        self.has(Metric::Divergence) || self.has(Metric::Judges)
    }
}
