//! The findings of a sweep over rules in words.

use super::findings::{JUDGES_AND_SOUPS, RULES};
use super::{JudgeFindings, JudgeSweep, RuleComparison};
use crate::comparison::format_estimate;

impl JudgeFindings {
    /// The findings as sentences. The first ones are the differences between rules.
    #[must_use]
    pub fn statements(&self, sweep: &JudgeSweep) -> Vec<String> {
        let mut statements = rule_statements(self, sweep);
        statements.extend(soup_statement(self));
        statements
    }
}

/// Which rules differ.
fn rule_statements(findings: &JudgeFindings, sweep: &JudgeSweep) -> Vec<String> {
    let name = |index: usize| sweep.policies.get(index).map_or(String::new(), |policy| policy.kind.name(&sweep.judges));
    if findings.rules.is_empty() {
        return vec!["Only one rule was used, so no rules are compared.".to_owned()];
    }
    let clear = findings.rules.iter().filter(|found| found.compared.is_significant());
    let statement = |found: &RuleComparison| {
        let by = format_estimate(found.compared.paired.mean_difference);
        let judge = found.judge.and_then(|judge| sweep.judges.get(judge));
        let of = judge.map_or("mean standard score".to_owned(), |judge| format!("mean score by {judge}"));
        format!("{} has a higher {of} than {} (by {by}).", name(found.above), name(found.below))
    };
    let mut statements: Vec<String> = clear.map(statement).collect();
    match findings.rules.len() - statements.len() {
        0 => {}
        all if statements.is_empty() => {
            statements.push(format!("No two rules could be told apart in any of {all} comparisons."));
        }
        others => {
            statements.push(format!("The other {others} comparisons of two rules show no significant difference."))
        }
    }
    statements
}

/// Whether the judges' policies and their soups dominate more than the rules' policies.
fn soup_statement(findings: &JudgeFindings) -> Option<String> {
    let difference = findings.soups_minus_rules?;
    let interval = difference.interval;
    let by = format_estimate(difference);
    let policies = |group: &str| {
        let found = findings.hypervolumes.iter().find(|found| found.group == group);
        found.map_or(0, |found| found.policies)
    };
    let (soups, rules) = (policies(JUDGES_AND_SOUPS), policies(RULES));
    Some(match (interval.low > 0.0, interval.high < 0.0) {
        (true, _) => format!(
            "The {soups} policies of judges and soups have a larger hypervolume than the {rules} of rules (by {by}); more policies dominate \
             more, also if they differ by chance only."
        ),
        (_, true) => format!(
            "The {rules} policies of rules have a larger hypervolume than the {soups} of judges and soups (difference {by})."
        ),
        _ => format!(
            "The hypervolumes of the {soups} policies of judges and soups and of the {rules} of rules could not be told apart (difference {by})."
        ),
    })
}
