#[cfg(feature = "clap")]
use {
    align_losses::LossInfo,
    clap::builder::{PossibleValue, TypedValueParser},
    clap::{Arg, Command},
    serde::de::DeserializeOwned,
    std::{ffi::OsStr, marker::PhantomData},
};

/// Minimum similarity, from 0 to 1, of a suggested name to a misspelled one.
const MIN_SIMILARITY: f64 = 0.7;

/// Parses an option's value from its serde name.
#[cfg(feature = "clap")]
pub(crate) fn parse<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(name.into()).map_err(|e: serde_json::Error| {
        let problem = e.to_string();
        let hint = nearest(name, &problem).map(|meant| format!("; did you mean {meant}?"));
        problem + &hint.unwrap_or_default()
    })
}

/// Parses the name of a loss, and lists all names with their descriptions in the help of a program.
#[cfg(feature = "clap")]
#[derive(Debug, Clone)]
pub(crate) struct LossNameParser<T> {
    known: Vec<(&'static str, &'static LossInfo)>,
    loss_type: PhantomData<fn() -> T>,
}

#[cfg(feature = "clap")]
impl<T> LossNameParser<T> {
    pub fn new(known: impl Iterator<Item = (&'static str, &'static LossInfo)>) -> Self {
        Self { known: known.collect(), loss_type: PhantomData }
    }
}

#[cfg(feature = "clap")]
impl<T: DeserializeOwned + Clone + Send + Sync + 'static> TypedValueParser for LossNameParser<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        TypedValueParser::parse_ref(&(parse::<T> as fn(&str) -> Result<T, String>), command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let help = |info: &LossInfo| {
            let options = info.options.iter().map(|option| format!("--{}", option.name().replace('_', "-")));
            match options.collect::<Vec<_>>().as_slice() {
                [] => info.help.to_owned(),
                options => format!("{} [takes {}]", info.help, options.join(", ")),
            }
        };
        Some(Box::new(self.known.iter().map(move |(name, info)| PossibleValue::new(*name).help(help(info)))))
    }
}

/// The most similar of the names in serde's message: "unknown variant `x`, expected one of `a`, `b`".
#[cfg(feature = "clap")]
fn nearest<'a>(name: &str, problem: &'a str) -> Option<&'a str> {
    let (_, expected) = problem.split_once("expected ")?;
    nearest_name(name, expected.split('`').skip(1).step_by(2))
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
    use super::*;
    use align_losses::LossType;

    #[test]
    fn the_nearest_name_is_suggested_for_a_misspelled_one() {
        assert_eq!(parse::<LossType>("hinge"), Ok(LossType::Hinge));
        let problem = parse::<LossType>("sigmiod").unwrap_err();
        assert!(problem.contains("`hinge`") && problem.ends_with("did you mean sigmoid?"), "{problem}");
        let problem = parse::<LossType>("zzz").unwrap_err();
        assert!(problem.contains("`sigmoid`") && !problem.contains("did you mean"), "{problem}");
    }
}
