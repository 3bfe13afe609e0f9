use crate::{Error, Result, Rule, Scale, Strength, Threshold};
use std::fmt::{Display, Formatter};
use std::str::FromStr;

const STRENGTHS: &str = "winning-votes, or nothing for margins";
const SCALES: &str = "zscore, quantile, or nothing for raw scores";
const THRESHOLDS: &str = "JUDGE>=VALUE, several with commas, and optionally a colon and another rule as the objective";

impl Rule {
    /// The forms of all names.
    pub const NAMES: [&'static str; 19] = [
        "plurality",
        "borda",
        "copeland",
        "minimax",
        "minimax:winning-votes",
        "ranked-pairs",
        "ranked-pairs:winning-votes",
        "schulze",
        "schulze:winning-votes",
        "kemeny-young",
        "smith-set",
        "maximal-lotteries",
        "weighted-sum",
        "weighted-sum:zscore",
        "weighted-sum:quantile",
        "nash[:ZERO]",
        "leximin[:zscore|:quantile]",
        "threshold:JUDGE>=VALUE",
        "threshold:JUDGE>=VALUE:RULE",
    ];
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, parameter) = match text.split_once(':') {
            Some((name, parameter)) => (name, Some(parameter)),
            None => (text, None),
        };
        match name {
            "plurality" => plain(Self::Plurality, "plurality", parameter),
            "borda" => plain(Self::Borda, "borda", parameter),
            "copeland" => plain(Self::Copeland, "copeland", parameter),
            "minimax" => strength("minimax", parameter).map(Self::Minimax),
            "ranked-pairs" => strength("ranked-pairs", parameter).map(Self::RankedPairs),
            "schulze" => strength("schulze", parameter).map(Self::Schulze),
            "kemeny-young" => plain(Self::KemenyYoung, "kemeny-young", parameter),
            "smith-set" => plain(Self::SmithSet, "smith-set", parameter),
            "maximal-lotteries" => plain(Self::MaximalLotteries, "maximal-lotteries", parameter),
            "weighted-sum" => scale("weighted-sum", parameter).map(Self::WeightedSum),
            "nash" => zero_point(parameter),
            "leximin" => scale("leximin", parameter).map(Self::Leximin),
            "threshold" => thresholds(parameter),
            _ => Err(Error::UnknownRule { found: text.to_owned(), names: Self::NAMES.to_vec() }),
        }
    }
}

fn invalid(rule: &'static str, found: &str, expected: &'static str) -> Error {
    Error::RuleParameter {
        rule,
        found: if found.is_empty() { "nothing".to_owned() } else { format!("{found:?}") },
        expected,
    }
}

fn plain(rule: Rule, name: &'static str, parameter: Option<&str>) -> Result<Rule> {
    parameter.map_or(Ok(rule), |found| Err(invalid(name, found, "the name alone, because the rule has no parameter")))
}

fn strength(rule: &'static str, parameter: Option<&str>) -> Result<Strength> {
    match parameter {
        None => Ok(Strength::Margins),
        Some("winning-votes") => Ok(Strength::WinningVotes),
        Some(found) => Err(invalid(rule, found, STRENGTHS)),
    }
}

fn scale(rule: &'static str, parameter: Option<&str>) -> Result<Scale> {
    match parameter {
        None => Ok(Scale::Raw),
        Some("zscore") => Ok(Scale::ZScore),
        Some("quantile") => Ok(Scale::Quantile),
        Some(found) => Err(invalid(rule, found, SCALES)),
    }
}

fn zero_point(parameter: Option<&str>) -> Result<Rule> {
    let Some(text) = parameter else { return Ok(Rule::Nash { zero: 0.0 }) };
    let zero = text.parse().ok().filter(|zero: &f64| zero.is_finite());
    zero.map(|zero| Rule::Nash { zero })
        .ok_or_else(|| invalid("nash", text, "a finite number, the score at which the utility is 0"))
}

/// Parses `JUDGE>=VALUE,JUDGE>=VALUE:RULE`. A value has no colon, so the first one after the last `>=` begins the objective.
fn thresholds(parameter: Option<&str>) -> Result<Rule> {
    let text = parameter.unwrap_or_default();
    let wrong = || invalid("threshold", text, THRESHOLDS);
    let last = text.rfind(">=").ok_or_else(wrong)?;
    let (list, objective) = match text[last..].find(':') {
        Some(colon) => (&text[..last + colon], text[last + colon + 1..].parse()?),
        None => (text, Rule::WeightedSum(Scale::Raw)),
    };
    if matches!(objective, Rule::Threshold { .. }) {
        return Err(wrong());
    }
    let threshold = |part: &str| {
        let (judge, least) = part.split_once(">=")?;
        let least = least.trim().parse().ok().filter(|least: &f64| least.is_finite())?;
        Some(Threshold { judge: judge.trim().to_owned(), least }).filter(|threshold| !threshold.judge.is_empty())
    };
    let thresholds: Option<Vec<Threshold>> = list.split(',').map(threshold).collect();
    Ok(Rule::Threshold { thresholds: thresholds.ok_or_else(wrong)?, objective: Box::new(objective) })
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.family())?;
        match self {
            Self::Minimax(Strength::WinningVotes)
            | Self::RankedPairs(Strength::WinningVotes)
            | Self::Schulze(Strength::WinningVotes) => f.write_str(":winning-votes"),
            Self::WeightedSum(Scale::ZScore) | Self::Leximin(Scale::ZScore) => f.write_str(":zscore"),
            Self::WeightedSum(Scale::Quantile) | Self::Leximin(Scale::Quantile) => f.write_str(":quantile"),
            Self::Nash { zero } if *zero != 0.0 => write!(f, ":{zero}"),
            Self::Threshold { thresholds, objective } => {
                let parts = thresholds.iter().map(|Threshold { judge, least }| format!("{judge}>={least}"));
                write!(f, ":{}", parts.collect::<Vec<String>>().join(","))?;
                if **objective == Self::WeightedSum(Scale::Raw) { Ok(()) } else { write!(f, ":{objective}") }
            }
            _ => Ok(()),
        }
    }
}

impl Rule {
    /// The name without parameters.
    #[must_use]
    pub fn family(&self) -> &'static str {
        match self {
            Self::Plurality => "plurality",
            Self::Borda => "borda",
            Self::Copeland => "copeland",
            Self::Minimax(_) => "minimax",
            Self::RankedPairs(_) => "ranked-pairs",
            Self::Schulze(_) => "schulze",
            Self::KemenyYoung => "kemeny-young",
            Self::SmithSet => "smith-set",
            Self::MaximalLotteries => "maximal-lotteries",
            Self::WeightedSum(_) => "weighted-sum",
            Self::Nash { .. } => "nash",
            Self::Leximin(_) => "leximin",
            Self::Threshold { .. } => "threshold",
        }
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

impl TryFrom<String> for Rule {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}
