//! `--judges` and `--judge-weights`: tables with a column of scores for each judge; names of rules that aggregate them.

use crate::Failure;
use crate::column_option::ColumnOption;
use crate::data_layout::Layout;
use crate::shell_words::quoted_list;
use crate::usage::UsageError;
use align_choice::Rule;
use align_data::judges::{JudgeWeights, JudgedTexts, JudgesError};
use align_train::nearest_name;
use clap::Args;
use std::path::Path;
use std::str::FromStr;

/// The data for which a command that reads judged texts is meant.
const LAYOUTS: [Layout; 3] = [Layout::Texts, Layout::ScoredTexts, Layout::LabelledTexts];

/// What a conversation is in place of a text.
const CONVERSATION: [&str; 2] = ["a list", "an object"];

/// The columns of the judges and their weights.
#[derive(Debug, Args)]
pub struct JudgesArguments {
    /// Columns with the scores of the judges, higher is better. A judge abstains where its cell is empty.
    #[arg(long, value_name = "COLUMN,..", value_delimiter = ',')]
    judges: Vec<String>,
    /// Weights of the judges: in the order of --judges, such as 1,2,1, or by name, such as safe=2, where the others have weight 1
    /// [default: 1 each].
    #[arg(long, value_name = "WEIGHT,..")]
    judge_weights: Option<JudgeWeights>,
}

impl JudgesArguments {
    /// The options and whether they are given.
    pub fn given(&self) -> [(&'static str, bool); 2] {
        [("--judges", !self.judges.is_empty()), ("--judge-weights", self.judge_weights.is_some())]
    }

    /// The options with their values, for another command with the same judges.
    pub fn repeated(&self) -> String {
        let weights = self.judge_weights.as_ref().map(|weights| quoted_list(&weights.to_string()));
        let weights = weights.map(|weights| format!(" --judge-weights {weights}")).unwrap_or_default();
        format!("--judges {}{weights}", quoted_list(&self.judges.join(",")))
    }

    /// Reads the texts and scores, to which the `rules` are to be applied.
    pub fn read(&self, file: &Path, columns: &ColumnOption, rules: &[Rule]) -> Result<JudgedTexts, Failure> {
        self.check()?;
        let weights = self.judge_weights.as_ref().map(|weights| weights.of(&self.judges).map(|_| weights));
        let weights = weights.transpose()?;
        rules.iter().try_for_each(|rule| self.check_thresholds(rule))?;
        let texts = columns.read(&LAYOUTS, |names| JudgedTexts::read_renamed(file, &self.judges, names));
        let texts = texts.map_err(|failure| match failure.downcast_ref() {
            Some(align_data::Error::Judges(error)) => match &**error {
                JudgesError::UnknownJudge { judge, columns, .. } => {
                    let hint = did_you_mean(judge, columns.iter().map(String::as_str));
                    UsageError::new(format!("--judges: {failure}{hint}")).into()
                }
                _ => failure,
            },
            Some(align_data::Error::Cell { expected, found, .. })
                if expected == "text" && CONVERSATION.contains(&found.as_str()) =>
            {
                let what = "align judges and align pair --aggregate read plain texts: write conversations as text, as the model's chat template \
                            renders them (docs/judges.md)";
                format!("{failure}; {what}").into()
            }
            _ => failure,
        })?;
        if texts.rows().is_empty() {
            return Err(format!("{}: no texts", align_base::printable_path(file)).into());
        }
        Ok(match weights {
            Some(weights) => texts.weighted(weights)?,
            None => texts,
        })
    }

    fn check(&self) -> Result<(), UsageError> {
        let refused = |problem: String| Err(UsageError::new(format!("--judges {problem}")));
        let repeated =
            self.judges.iter().enumerate().find(|(at, judge)| self.judges.iter().take(*at).any(|j| j == *judge));
        match (self.judges.as_slice(), repeated) {
            (_, Some((_, judge))) => refused(format!("names {judge:?} twice: name each column once")),
            ([] | [_], _) => refused(
                "names fewer than two columns, which leaves nothing to aggregate: name the column of each judge, or make pairs of one \
                 score by align pair --columns score=COLUMN"
                    .to_owned(),
            ),
            (judges, _) => match judges.iter().find(|judge| judge.trim().is_empty()) {
                Some(_) => refused("has an empty name: separate names by one comma".to_owned()),
                None => Ok(()),
            },
        }
    }

    /// Refuses thresholds for unknown judges.
    fn check_thresholds(&self, rule: &Rule) -> Result<(), UsageError> {
        let Rule::Threshold { thresholds, .. } = rule else { return Ok(()) };
        match thresholds.iter().find(|threshold| !self.judges.contains(&threshold.judge)) {
            Some(threshold) => {
                let judge = &threshold.judge;
                let hint = did_you_mean(judge, self.judges.iter().map(String::as_str));
                let judges = self.judges.join(", ");
                let problem = format!("{rule}: there is no judge {judge:?}, expected one of --judges {judges}{hint}");
                Err(UsageError::new(problem))
            }
            None => Ok(()),
        }
    }
}

/// Reads the name of a rule.
pub fn rule(text: &str) -> Result<Rule, String> {
    text.parse().map_err(|error| match error {
        align_choice::Error::UnknownRule { names, .. } => {
            let family = text.split(':').next().unwrap_or_default();
            let hint = did_you_mean(family, names.iter().copied().filter(|name| !name.contains([':', '['])));
            format!("expected one of {}{hint}", names.join(", "))
        }
        error => error.to_string(),
    })
}

/// A list of rules. A comma inside the thresholds of a rule does not separate rules.
#[derive(Debug, Clone)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// The rules, if no two are the same.
    pub fn distinct(&self) -> Result<&[Rule], UsageError> {
        let Self(rules) = self;
        let repeated = rules.iter().enumerate().find(|(at, rule)| rules.iter().take(*at).any(|other| other == *rule));
        match repeated {
            Some((_, rule)) => Err(UsageError::new(format!("--rules has {rule} twice: name each rule once"))),
            None => Ok(rules),
        }
    }
}

impl FromStr for Rules {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut names: Vec<String> = Vec::new();
        for part in text.split(',') {
            match names.last_mut().filter(|_| part.contains(">=") && !part.starts_with("threshold:")) {
                Some(thresholds) => *thresholds = format!("{thresholds},{part}"),
                None => names.push(part.to_owned()),
            }
        }
        names.iter().map(|name| rule(name)).collect::<Result<_, _>>().map(Self)
    }
}

fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest_name(name, known).map(|meant| format!("; did you mean {meant}?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn commas_of_thresholds_do_not_separate_rules() {
        let names = |text: &str| -> Vec<String> {
            let Rules(rules) = text.parse().unwrap();
            rules.iter().map(ToString::to_string).collect()
        };
        assert_eq!(names("borda,threshold:a>=1,b>=2:schulze,nash"), ["borda", "threshold:a>=1,b>=2:schulze", "nash"]);
        assert_eq!(names("threshold:a>=1,threshold:b>=2"), ["threshold:a>=1", "threshold:b>=2"]);
        let error = "shultze".parse::<Rules>().unwrap_err();
        assert!(error.ends_with("did you mean schulze?"), "{error}");
        assert!("borda,".parse::<Rules>().is_err());
    }
}
