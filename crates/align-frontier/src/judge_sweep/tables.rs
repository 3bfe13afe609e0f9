//! The tables of a sweep over rules.

use super::{JudgeFindings, JudgeSweep, JudgedPolicy};
use crate::Comparison;
use crate::figures::{estimate, with_standard_error};
use crate::judge_agreement_tables;
use align_metrics::Bootstrap;
use align_report::{Better, Cell, Column, Estimate, Row, Table};
use std::cmp::Ordering;

/// All tables of the report, in their order.
pub(super) fn tables(sweep: &JudgeSweep, findings: &JudgeFindings, bootstrap: &Bootstrap) -> Vec<Table> {
    let mut tables = vec![judge_results_table(sweep, findings), hypervolume_table(findings)];
    tables.extend(rules(sweep, findings));
    tables.push(against_sft(sweep, findings));
    tables.extend(judge_agreement_tables(&findings.agreement, bootstrap));
    tables
}

/// The mean scores by each judge, their mean standard score, and the divergence from the model before training: one row per policy.
#[must_use]
pub fn judge_results_table(sweep: &JudgeSweep, findings: &JudgeFindings) -> Table {
    let mut columns: Vec<Column> =
        sweep.judges.iter().map(|judge| Column::new(judge.as_str(), "").with_best(Better::Higher)).collect();
    columns.extend([
        Column::new("Mean standard score", "").with_best(Better::Higher),
        Column::new("KL(policy ‖ SFT)", "nats per text"),
        Column { decimals: Some(0), ..Column::new("Pairs", "") },
        Column::new("Front", ""),
    ]);
    let cells = |index: usize, policy: &JudgedPolicy| {
        let mut cells: Vec<Cell> = policy.scores.iter().map(|score| Cell::Number(estimate(*score))).collect();
        let is_on_front = findings.front.contains(&index);
        cells.extend([
            Cell::Number(estimate(policy.evaluation.reward)),
            Cell::Number(with_standard_error(policy.evaluation.policy_reference_kl)),
            if policy.pairs > 0 { Cell::Number(Estimate::exact(policy.pairs as f64)) } else { Cell::Missing },
            Cell::Text(if is_on_front { "yes" } else { "" }.to_owned()),
        ]);
        cells
    };
    Table {
        caption: format!(
            "Mean scores by each judge over {} texts per policy. The mean standard score is the mean over the judges, each with its mean and \
             standard deviation before training as origin and unit. Front: no other policy has higher mean scores by all judges. Intervals are \
             clustered by prompt; they do not cover the variation between training seeds.",
            sweep.policies.first().map_or(0, |sft| sft.samples.len())
        ),
        row_title: "Policy".to_owned(),
        columns,
        rows: rows(sweep, cells),
    }
}

/// The hypervolumes of the groups of policies.
#[must_use]
pub fn hypervolume_table(findings: &JudgeFindings) -> Table {
    let row = |name: &str, policies: Option<usize>, volume: align_metrics::Estimate| Row {
        name: name.to_owned(),
        group: String::new(),
        cells: vec![
            policies.map_or(Cell::Missing, |count| Cell::Number(Estimate::exact(count as f64))),
            Cell::Number(estimate(volume)),
        ],
    };
    let mut rows: Vec<Row> =
        findings.hypervolumes.iter().map(|found| row(&found.group, Some(found.policies), found.volume)).collect();
    rows.extend(findings.soups_minus_rules.map(|found| row("Judges and soups − rules", None, found)));
    Table {
        caption: "Hypervolume: how much of the space of mean standard scores a group of policies dominates, from the lowest mean by each \
                  judge. More policies dominate more, also if they differ by chance only. Intervals resample prompts."
            .to_owned(),
        row_title: "Policies".to_owned(),
        columns: vec![Column { decimals: Some(0), ..Column::new("Policies", "") }, Column::new("Hypervolume", "")],
        rows,
    }
}

fn comparison_columns() -> Vec<Column> {
    vec![
        Column::new("Difference", ""),
        Column { decimals: Some(3), ..Column::new("Adjusted p", "") },
        Column::new("Significant", ""),
    ]
}

fn direction(found: &Comparison) -> &'static str {
    match found.significant_direction() {
        Some(Ordering::Greater) => "higher",
        Some(_) => "lower",
        None => "no",
    }
}

fn comparison_cells(found: &Comparison) -> Vec<Cell> {
    vec![
        Cell::Number(estimate(found.paired.mean_difference)),
        Cell::Number(Estimate::exact(found.adjusted_p_value)),
        Cell::Text(direction(found).to_owned()),
    ]
}

fn rules(sweep: &JudgeSweep, findings: &JudgeFindings) -> Option<Table> {
    let name = |index: usize| sweep.policies.get(index).map_or(String::new(), |policy| policy.kind.name(&sweep.judges));
    let row = |found: &super::RuleComparison| {
        let judge = found.judge.and_then(|judge| sweep.judges.get(judge)).map_or("mean standard score", String::as_str);
        Row {
            name: format!("{judge}: {} − {}", name(found.above), name(found.below)),
            group: judge.to_owned(),
            cells: comparison_cells(&found.compared),
        }
    };
    let rows: Vec<Row> = findings.rules.iter().map(row).collect();
    (!rows.is_empty()).then(|| Table {
        caption: "The policies of each two rules, compared by each judge on the same prompts and random draws. P-values are those of \
                  sign-flip tests, adjusted by Holm's method for all rows."
            .to_owned(),
        row_title: "Judge and rules".to_owned(),
        columns: comparison_columns(),
        rows,
    })
}

fn against_sft(sweep: &JudgeSweep, findings: &JudgeFindings) -> Table {
    let trained = sweep.policies.iter().skip(1).zip(&findings.against_sft);
    let rows = trained.flat_map(|(policy, by_judge)| {
        sweep.judges.iter().zip(by_judge).map(|(judge, found)| {
            let (name, group) = (policy.kind.name(&sweep.judges), policy.kind.group().to_owned());
            Row { name: format!("{name}, {judge}"), group, cells: comparison_cells(found) }
        })
    });
    Table {
        caption: "Each policy compared with SFT by each judge, on the same prompts and random draws. P-values are those of sign-flip tests, \
                  adjusted by Holm's method for all rows. A difference is significant if its interval does not contain 0 and its adjusted p-value is at most 0.05."
            .to_owned(),
        row_title: "Policy and judge".to_owned(),
        columns: comparison_columns(),
        rows: rows.collect(),
    }
}

fn rows(sweep: &JudgeSweep, cells: impl Fn(usize, &JudgedPolicy) -> Vec<Cell>) -> Vec<Row> {
    let row = |(index, policy): (usize, &JudgedPolicy)| Row {
        name: policy.kind.name(&sweep.judges),
        group: policy.kind.group().to_owned(),
        cells: cells(index, policy),
    };
    sweep.policies.iter().enumerate().map(row).collect()
}
