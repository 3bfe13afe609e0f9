#[cfg(feature = "clap")]
use {
    align_losses::{LogRatioPenalty, LossInfo},
    clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
    serde::de::DeserializeOwned,
};

/// Minimum similarity, from 0 to 1, of a suggested name to a misspelled one.
const MIN_SIMILARITY: f64 = 0.8;

/// Parses the name of a loss, and lists all names with their descriptions in the help of a program.
#[cfg(feature = "clap")]
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
#[cfg(feature = "clap")]
pub(crate) fn log_ratio_penalty() -> impl TypedValueParser<Value = LogRatioPenalty> {
    let known = [
        ("square", "h² for a log-ratio h: penalises deviations in both directions"),
        ("pseudo_huber", "√(1 + h²) - 1: like square, but outliers do not dominate"),
        ("softplus", "log(1 + exp(h)): penalises completions that became more likely"),
        ("exponential", "exp(h) - 1: like softplus, but much steeper"),
    ];
    named(known.into_iter().map(|(name, help)| PossibleValue::new(name).help(help)))
}

/// Parses a value from its serde name, which must be one of `known`.
#[cfg(feature = "clap")]
fn named<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    known: impl Iterator<Item = PossibleValue>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(known).try_map(|name| serde_json::from_value::<T>(name.into()))
}

/// The one of the `known` names that is most similar to a misspelled `name`, if any is similar enough.
#[must_use]
pub fn nearest_name<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |candidate: &str| strsim::jaro_winkler(name, candidate);
    known.filter(|n| similarity(n) >= MIN_SIMILARITY).max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
}

#[cfg(all(test, feature = "clap"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{ClassificationConfig, CpoConfig, DpoConfig, KtoConfig, SftConfig};
    use clap::{Args, Command};

    /// Every listed value of every option is accepted: the names for clap and for serde are the same.
    #[test]
    fn every_possible_value_is_accepted() {
        let commands = [
            DpoConfig::augment_args(Command::new("dpo")),
            CpoConfig::augment_args(Command::new("cpo")),
            KtoConfig::augment_args(Command::new("kto")),
            SftConfig::augment_args(Command::new("sft")),
            ClassificationConfig::augment_args(Command::new("classification")),
        ];
        for command in commands {
            for option in command.get_arguments().filter(|option| option.get_action().takes_values()) {
                for value in option.get_possible_values() {
                    let given = format!("--{}={}", option.get_long().unwrap(), value.get_name());
                    let parsed = command.clone().try_get_matches_from(["program", &given]);
                    assert!(parsed.is_ok(), "{given}: {}", parsed.unwrap_err());
                }
            }
        }
        let error = DpoConfig::augment_args(Command::new("dpo")).try_get_matches_from(["dpo", "--loss-type=sigmiod"]);
        let message = error.unwrap_err().to_string();
        assert!(message.contains("hinge") && message.contains("'sigmoid'"), "{message}");
    }
}
