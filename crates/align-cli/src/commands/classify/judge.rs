//! `--judge NAME=MODEL[:SCORE]`.

use align_models::score::Score;
use std::str::FromStr;

/// A classifier or reward model with the name of its column.
#[derive(Debug, Clone, PartialEq)]
pub struct Judge {
    /// The name of its column.
    pub name: String,
    /// A folder, or a name on the hub.
    pub model: String,
    /// How the score is computed from the logits.
    pub score: Option<Score>,
}

/// How a score begins after the colon that separates it from the model.
const SCORES: [&str; 5] = ["scalar", "logit:", "minus-logit:", "log-odds:", "probability:"];

impl FromStr for Judge {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once('=').filter(|(name, rest)| !name.is_empty() && !rest.is_empty()).ok_or(
            "expected NAME=MODEL or NAME=MODEL:SCORE, such as helpful=runs/reward/model or film=runs/sentiment/model:logit:POSITIVE",
        )?;
        // The name of a model may contain a colon; a score begins with one of its forms.
        let mut colons = rest.match_indices(':').map(|(at, _)| (&rest[..at], &rest[at + 1..]));
        let split = colons.find(|(_, score)| SCORES.iter().any(|form| score.starts_with(form)));
        let (model, score) = match split {
            Some((model, score)) => (model, Some(score.parse::<Score>().map_err(|e| e.to_string())?)),
            None => (rest, None),
        };
        if model.is_empty() {
            return Err(format!("{text:?} has no model before the score"));
        }
        Ok(Self { name: name.to_owned(), model: model.to_owned(), score })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_score_is_optional_and_may_contain_colons() {
        let judge = |text: &str| {
            let Judge { name, model, score } = text.parse().unwrap();
            (name, model, score.map(|score| score.to_string()))
        };
        let parts =
            |name: &str, model: &str, score: Option<&str>| (name.into(), model.into(), score.map(str::to_owned));
        assert_eq!(judge("a=runs/reward/model"), parts("a", "runs/reward/model", None));
        assert_eq!(judge("a=user/name@main:scalar"), parts("a", "user/name@main", Some("scalar")));
        assert_eq!(judge("a=b:c:log-odds:very:good"), parts("a", "b:c", Some("log-odds:very:good")));
        for wrong in ["reward", "=model", "a=", "a=:scalar", "a=b:logit:"] {
            assert!(wrong.parse::<Judge>().is_err(), "{wrong}");
        }
    }
}
