use align_choice::Rule;
use serde::{Deserialize, Serialize};

/// How a policy of a sweep over rules was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyKind {
    /// Not trained: the reference.
    Sft,
    /// On the preferences of the judge with this index alone.
    Judge(usize),
    /// On the preferences that a rule makes of those of all judges.
    Rule(Rule),
    /// The weighted mean of the policies of the judges alone (rewarded soups, arXiv:2306.04488), with a weight for each judge.
    Soup(Vec<u32>),
}

impl PolicyKind {
    /// The name in tables and figures: `SFT`, the name of the judge or the rule, or the weights of the soup.
    #[must_use]
    pub fn name(&self, judges: &[String]) -> String {
        match self {
            Self::Sft => "SFT".to_owned(),
            Self::Judge(index) => format!("{} alone", judges.get(*index).map_or("", String::as_str)),
            Self::Rule(rule) => rule.to_string(),
            Self::Soup(weights) => format!("soup {}", colon_separated(weights)),
        }
    }

    /// The name of the group of policies, for tables and figures; empty for the model before training.
    #[must_use]
    pub fn group(&self) -> &'static str {
        match self {
            Self::Sft => "",
            Self::Judge(_) => "One judge alone",
            Self::Rule(_) => "Rule",
            Self::Soup(_) => "Soup",
        }
    }

    /// The name of its stage file, without extension.
    pub(super) fn file_name(&self, rules: &[Rule]) -> String {
        match self {
            Self::Sft => "sft".to_owned(),
            Self::Judge(index) => format!("judge-{}", index + 1),
            Self::Rule(rule) => {
                format!("rule-{}", rules.iter().position(|other| other == rule).map_or(0, |index| index + 1))
            }
            Self::Soup(weights) => format!("soup-{}", colon_separated(weights)),
        }
    }
}

fn colon_separated(weights: &[u32]) -> String {
    weights.iter().map(u32::to_string).collect::<Vec<_>>().join(":")
}

/// The number of [`soups`], `C(steps + judges − 1, judges − 1) − judges`, or less if it does not fit.
pub(super) fn soup_count(judges: usize, steps: u32) -> u64 {
    let (judges, steps) = (judges as u64, u64::from(steps));
    // Each partial product is a binomial coefficient, so that the division is exact.
    let points = (1..judges).try_fold(1u64, |count, index| Some(count.checked_mul(steps + index)? / index));
    if steps == 0 { 0 } else { points.unwrap_or(u64::MAX).saturating_sub(judges) }
}

/// All soups whose weights are whole numbers with the sum `steps`, at least two of them positive, for this number of judges. Ascending.
pub(super) fn soups(judges: usize, steps: u32) -> Vec<Vec<u32>> {
    let mut all: Vec<Vec<u32>> = vec![Vec::new()];
    for judge in 0..judges {
        let extended = all.iter().flat_map(|weights| {
            let left = steps - weights.iter().sum::<u32>();
            let smallest = if judge + 1 == judges { left } else { 0 };
            (smallest..=left).map(|weight| [weights.as_slice(), &[weight]].concat())
        });
        all = extended.collect();
    }
    all.retain(|weights| weights.iter().filter(|weight| **weight > 0).count() > 1);
    all
}

#[cfg(test)]
mod tests {
    use super::{soup_count, soups};

    #[test]
    fn soups_are_the_inner_points_of_the_simplex() {
        assert_eq!(soups(2, 4), [[1, 3], [2, 2], [3, 1]]);
        assert_eq!(soups(3, 2), [[0, 1, 1], [1, 0, 1], [1, 1, 0]]);
        // C(5, 2) points of three weights with the sum 3, without the three corners.
        assert_eq!(soups(3, 3).len(), 7);
        for (judges, steps) in [(2, 1), (2, 5), (3, 1), (3, 4), (4, 3), (6, 2), (5, 0)] {
            assert_eq!(soups(judges, steps).len() as u64, soup_count(judges, steps), "{judges} judges, {steps} steps");
        }
        // C(107, 7) and 8 corners.
        assert_eq!(soup_count(8, 100), 26_075_972_546 - 8);
        assert_eq!(soup_count(60, 100), u64::MAX - 60);
        assert!(soups(3, 0).is_empty() && soups(2, 1).is_empty());
    }
}
