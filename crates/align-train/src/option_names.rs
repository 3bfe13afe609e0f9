//! The names of losses and penalties as values of command-line options.

use align_losses::{ImportanceSamplingLevel, LogRatioPenalty, LossInfo, MultiObjectiveAggregation, ScaleRewards};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::de::DeserializeOwned;

/// Parses the name of a loss, and lists all names with their descriptions in the help of a program.
pub(crate) fn losses<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    known: impl Iterator<Item = (&'static str, &'static LossInfo)>,
) -> impl TypedValueParser<Value = T> {
    let help = |info: &LossInfo| {
        let options = info.options.iter().map(|option| format!("--{}", option.name().replace('_', "-")));
        match options.collect::<Vec<_>>().as_slice() {
            [] => info.help.to_owned(),
            options => format!("{} [takes {}]", info.help, options.join(", ")),
        }
    };
    named(known.map(move |(name, info)| PossibleValue::new(name).help(help(info))))
}

/// Parses the name of a penalty on log-ratios.
pub(crate) fn log_ratio_penalty() -> impl TypedValueParser<Value = LogRatioPenalty> {
    let known = [
        ("square", "h² for a log-ratio h: penalises deviations in both directions"),
        ("pseudo_huber", "√(1 + h²) - 1: like square, but outliers do not dominate"),
        ("softplus", "log(1 + exp(h)): penalises completions that became more likely"),
        ("exponential", "exp(h) - 1: like softplus, but much steeper"),
    ];
    named(known.into_iter().map(|(name, help)| PossibleValue::new(name).help(help)))
}

/// Parses the level of GRPO's ratios.
pub(crate) fn importance_sampling_level() -> impl TypedValueParser<Value = ImportanceSamplingLevel> {
    let known = [("token", "one ratio per token"), ("sequence", "one ratio per completion: its mean per token (GSPO)")];
    named(known.into_iter().map(|(name, help)| PossibleValue::new(name).help(help)))
}

/// Parses what GRPO divides rewards by.
pub(crate) fn scale_rewards() -> impl TypedValueParser<Value = ScaleRewards> {
    let known = [
        ("group", "the standard deviation of the completions of a prompt"),
        ("batch", "the standard deviation of all completions of a generation"),
        ("none", "nothing"),
    ];
    named(known.into_iter().map(|(name, help)| PossibleValue::new(name).help(help)))
}

/// Parses how GRPO combines the rewards of several functions.
pub(crate) fn multi_objective_aggregation() -> impl TypedValueParser<Value = MultiObjectiveAggregation> {
    let known = [
        ("sum_then_normalize", "normalise the weighted sum of the rewards"),
        ("normalize_then_sum", "normalise the rewards of each function, then their weighted sum"),
    ];
    named(known.into_iter().map(|(name, help)| PossibleValue::new(name).help(help)))
}

/// Parses two numbers with a comma between them.
pub(crate) fn range(text: &str) -> Result<(f64, f64), String> {
    let parsed =
        text.split_once(',').and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
    parsed.ok_or_else(|| "expected two numbers with a comma between them, such as -1,1".to_owned())
}

/// Parses a value from its serde name, which must be one of `known`.
fn named<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    known: impl Iterator<Item = PossibleValue>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(known).try_map(|name| serde_json::from_value::<T>(name.into()))
}
