use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// The weights of judges: `1,2,1` in their order, or `safe=2` for some of them, where the others have weight 1.
///
/// ```
/// use align_data::judges::JudgeWeights;
///
/// let judges = ["helpful".to_owned(), "safe".to_owned()];
/// assert_eq!("safe=2".parse::<JudgeWeights>()?.of(&judges)?, [1.0, 2.0]);
/// assert_eq!("3,1".parse::<JudgeWeights>()?.of(&judges)?, [3.0, 1.0]);
/// # Ok::<(), align_data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum JudgeWeights {
    /// One weight for each judge.
    InOrder(Vec<f64>),
    /// The weights of some judges.
    ByName(Vec<(String, f64)>),
}

impl JudgeWeights {
    /// The weight of each judge.
    ///
    /// # Errors
    /// A number of weights that is not that of the judges, a weight for an unknown judge or two for one, a weight that is negative or not
    /// finite, or weights that are all 0.
    pub fn of(&self, judges: &[String]) -> Result<Vec<f64>> {
        let weights = match self {
            Self::InOrder(weights) if weights.len() != judges.len() => {
                let expected = format!("{}, one for each of {}", judges.len(), judges.join(", "));
                return Err(invalid(expected, weights.len().to_string()));
            }
            Self::InOrder(weights) => weights.clone(),
            Self::ByName(named) => by_name(named, judges)?,
        };
        if let Some((judge, weight)) =
            judges.iter().zip(&weights).find(|(_, weight)| !(weight.is_finite() && **weight >= 0.0))
        {
            return Err(invalid("finite numbers of at least 0".to_owned(), format!("{weight} for {judge}")));
        }
        if weights.iter().all(|weight| *weight == 0.0) {
            return Err(invalid("a positive weight".to_owned(), "0 for all judges".to_owned()));
        }
        Ok(weights)
    }
}

fn by_name(named: &[(String, f64)], judges: &[String]) -> Result<Vec<f64>> {
    for (at, (name, _)) in named.iter().enumerate() {
        if !judges.contains(name) {
            return Err(invalid(format!("weights of the judges {}", judges.join(", ")), format!("one of {name}")));
        }
        if named.iter().take(at).any(|(other, _)| other == name) {
            return Err(invalid("one weight a judge".to_owned(), format!("two of {name}")));
        }
    }
    let weight = |judge: &String| named.iter().find(|(name, _)| name == judge).map_or(1.0, |(_, weight)| *weight);
    Ok(judges.iter().map(weight).collect())
}

fn invalid(expected: String, found: String) -> Error {
    Error::Option { option: "judge_weights", expected, found }
}

impl FromStr for JudgeWeights {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong =
            || invalid("numbers such as 1,2,1 or names with numbers such as safe=2".to_owned(), format!("{text:?}"));
        let number = |text: &str| text.trim().parse::<f64>().map_err(|_| wrong());
        let parts = || text.split(',');
        if parts().any(|part| part.contains('=')) {
            // A name may contain "=", a number does not.
            let named = |part: &str| {
                let (name, weight) = part.rsplit_once('=').ok_or_else(wrong)?;
                Ok((name.trim().to_owned(), number(weight)?))
            };
            return Ok(Self::ByName(parts().map(named).collect::<Result<_>>()?));
        }
        Ok(Self::InOrder(parts().map(number).collect::<Result<_>>()?))
    }
}

impl fmt::Display for JudgeWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = match self {
            Self::InOrder(weights) => weights.iter().map(f64::to_string).collect(),
            Self::ByName(named) => named.iter().map(|(name, weight)| format!("{name}={weight}")).collect(),
        };
        f.write_str(&parts.join(","))
    }
}
