//! The tables of a sweep's report.

use crate::comparison::against_reference;
use crate::figures::{estimate, with_standard_error};
use crate::findings::name;
use crate::{Comparison, Findings, FrontierMeasure, PolicyResult, Sweep};
use align_metrics::PairedComparison;
use align_report::{Better, Cell, Column, Estimate, Row, Table, format_number};

/// All tables of the report, in their order.
pub(crate) fn tables(sweep: &Sweep, findings: &Findings) -> Vec<Table> {
    let mut tables = vec![results_table(sweep), against_sft(sweep)];
    tables.extend([losses(findings), best_points(sweep, findings), leading_losses(findings)].into_iter().flatten());
    tables.extend([diversity(sweep), training(sweep)]);
    tables
}

/// One row per policy. The model before training comes first.
fn policies(sweep: &Sweep, cells: impl Fn(&PolicyResult) -> Vec<Cell>) -> Vec<Row> {
    indexed_policies(sweep, |_, run| cells(run))
}

/// The same, with the index of the policy: 0 for the model before training, and `i + 1` for the sweep's point `i`.
fn indexed_policies(sweep: &Sweep, cells: impl Fn(usize, &PolicyResult) -> Vec<Cell>) -> Vec<Row> {
    let points = sweep.points.iter().map(|(point, run)| (point.to_string(), point.loss.to_string(), run));
    let all = std::iter::once(("SFT".to_owned(), String::new(), &sweep.sft)).chain(points);
    all.enumerate().map(|(index, (name, group, run))| Row { name, group, cells: cells(index, run) }).collect()
}

fn number(value: Option<f64>) -> Cell {
    value.map_or(Cell::Missing, |value| Cell::Number(Estimate::exact(value)))
}

/// The table of rewards, divergences and entropies: a row for the model before training, then one per point.
#[must_use]
pub fn results_table(sweep: &Sweep) -> Table {
    let cells = |run: &PolicyResult| {
        let of = &run.evaluation;
        vec![
            Cell::Number(estimate(of.reward)),
            Cell::Number(with_standard_error(of.policy_reference_kl)),
            Cell::Number(with_standard_error(of.reference_policy_kl)),
            Cell::Number(estimate(of.token_entropy)),
        ]
    };
    Table {
        caption: format!(
            "Means over {} texts per policy. Intervals are clustered by prompt. They cover the sampling of prompts and texts, but \
             not the variation between training seeds, since each policy is a single training run.",
            sweep.sft.samples.len()
        ),
        row_title: "Policy".to_owned(),
        columns: vec![
            Column::new("Reward", "").with_best(Better::Higher),
            Column::new("KL(policy ‖ SFT)", "nats per text"),
            Column::new("KL(SFT ‖ policy)", "nats per text"),
            Column::new("Token entropy", "nats").with_best(Better::Higher),
        ],
        rows: policies(sweep, cells),
    }
}

fn against_sft(sweep: &Sweep) -> Table {
    let has_held_out = sweep.sft.evaluation.held_out_reward.is_some();
    let compared = against_reference(sweep);
    let cells = |index: usize, run: &PolicyResult| {
        let found = compared.iter().find(|(point, _)| point + 1 == index).map(|(_, found)| found);
        let against = |number: fn(&PairedComparison) -> align_metrics::Estimate| {
            found.map_or(Cell::Missing, |found| Cell::Number(estimate(number(&found.paired))))
        };
        let mut cells = vec![
            against(|found| found.mean_difference),
            number(found.map(|found| found.adjusted_p_value)),
            against(|found| found.win_rate),
        ];
        if has_held_out {
            let reward = run.evaluation.held_out_reward;
            cells.push(reward.map_or(Cell::Missing, |reward| Cell::Number(estimate(reward))));
        }
        cells
    };
    let mut columns = vec![
        Column::new("Reward difference", ""),
        Column { decimals: Some(3), ..Column::new("Adjusted p", "") },
        Column::new("Win rate", ""),
    ];
    let held_out = match has_held_out {
        true => {
            columns.push(Column::new("Reward, held-out prompts", "").with_best(Better::Higher));
            "The last column is the mean reward on prompts without training pairs."
        }
        false => "No prompts were held out of training.",
    };
    Table {
        caption: format!(
            "Comparison with SFT on the same prompts and random draws. Intervals are clustered by prompt; p-values are those of \
             sign-flip tests, adjusted by Holm's method. {held_out}"
        ),
        row_title: "Policy".to_owned(),
        columns,
        rows: indexed_policies(sweep, cells),
    }
}

/// The columns and cells of a comparison.
fn compared_columns() -> Vec<Column> {
    let p_value = |title: &str| Column { decimals: Some(3), ..Column::new(title, "") };
    vec![Column::new("Reward difference", ""), p_value("p"), p_value("Adjusted p"), Column::new("Significant", "")]
}

fn compared_cells(found: &Comparison) -> Vec<Cell> {
    let verdict = if found.is_significant() { "yes" } else { "no" };
    vec![
        Cell::Number(estimate(found.paired.mean_difference)),
        number(Some(found.paired.p_value)),
        number(Some(found.adjusted_p_value)),
        Cell::Text(verdict.to_owned()),
    ]
}

const SIGNIFICANCE: &str = "P-values are those of sign-flip tests on the same prompts, adjusted by Holm's method. A difference is significant \
                            if its interval is above 0 and its adjusted p-value is at most 0.05.";

/// A range of a measure in nats.
fn range(from: f64, to: f64) -> String {
    format!("{} to {}", format_number(from, 2), format_number(to, 2))
}

fn losses(findings: &Findings) -> Option<Table> {
    let row = |found: &crate::CurveComparison| {
        let mut cells = vec![Cell::Text(range(found.from, found.to))];
        cells.extend(compared_cells(&found.compared));
        Row { name: format!("{} − {}", found.above, found.below), group: String::new(), cells }
    };
    let mut columns = vec![Column::new("KL(policy ‖ SFT)", "nats")];
    columns.extend(compared_columns());
    let table = Table {
        caption: format!(
            "Losses at equal divergence: the difference of the mean rewards over the range of KL(policy ‖ SFT) that both losses \
             cover. {SIGNIFICANCE}"
        ),
        row_title: "Losses".to_owned(),
        columns,
        rows: findings.curve_comparisons.iter().map(row).collect(),
    };
    (!table.rows.is_empty()).then_some(table)
}

fn best_points(sweep: &Sweep, findings: &Findings) -> Option<Table> {
    let best = name(sweep, findings.best.first()? + 1);
    let row = |(other, found): &(usize, Comparison)| Row {
        name: name(sweep, other + 1),
        group: String::new(),
        cells: compared_cells(found),
    };
    let table = Table {
        caption: format!(
            "The reward of {best} minus that of the best point of each other loss. The best points are selected by the same rewards \
             that are compared here, which favours them. {SIGNIFICANCE}"
        ),
        row_title: "Compared with".to_owned(),
        columns: compared_columns(),
        rows: findings.best_comparisons.iter().map(row).collect(),
    };
    (!table.rows.is_empty()).then_some(table)
}

fn leading_losses(findings: &Findings) -> Option<Table> {
    let measure = |measure| match measure {
        FrontierMeasure::Kl => "KL(policy ‖ SFT)",
        FrontierMeasure::Entropy => "Token entropy",
    };
    let row = |lead: &crate::LeadingLoss| Row {
        name: format!("{}: {}", measure(lead.measure), range(lead.from, lead.to)),
        group: measure(lead.measure).to_owned(),
        cells: vec![Cell::Text(lead.leader.to_string()), number(Some(100.0 * lead.beyond_intervals))],
    };
    let table = Table {
        caption: "The loss with the highest reward in each range, interpolated between points, and the part of the range in which \
                  its interval is above those of all other losses."
            .to_owned(),
        row_title: "Range, nats".to_owned(),
        columns: vec![
            Column::new("Highest reward", ""),
            Column { decimals: Some(0), ..Column::new("Interval above all others", "% of the range") },
        ],
        rows: findings.leading_losses.iter().map(row).collect(),
    };
    (!table.rows.is_empty()).then_some(table)
}

fn diversity(sweep: &Sweep) -> Table {
    let ngrams = || sweep.sft.evaluation.diversity.ngrams.iter();
    let mut columns = vec![Column::new("Corrected entropy", "nats")];
    columns.extend(ngrams().map(|found| Column::new(format!("distinct\u{2011}{}", found.n), "")));
    columns.extend(ngrams().last().map(|found| Column::new(format!("Self-repetition, {}-grams", found.n), "")));
    columns.extend([Column::new("Length", "tokens"), Column::new("Without EOS", "")]);
    let cells = |run: &PolicyResult| {
        let of = &run.evaluation;
        let mut cells = vec![number(Some(of.corrected_token_entropy))];
        cells.extend(of.diversity.ngrams.iter().map(|found| number(Some(found.distinct))));
        cells.extend(of.diversity.ngrams.last().map(|found| number(Some(found.self_repetition()))));
        cells.push(number(Some(of.diversity.mean_length)));
        cells.push(number(of.diversity.unfinished));
        cells
    };
    Table {
        caption: "Diversity and length of the completions.".to_owned(),
        row_title: "Policy".to_owned(),
        columns,
        rows: policies(sweep, cells),
    }
}

fn training(sweep: &Sweep) -> Table {
    const METRICS: [(&str, &str, &str); 6] = [
        ("Loss", "", "loss"),
        ("Reward margin", "", "rewards/margins"),
        ("Reward accuracy", "", "rewards/accuracies"),
        ("Log-ratio of chosen", "nats", "log_ratios/chosen"),
        ("Likelihood displacement", "", "likelihood_displacement"),
        ("Gradient norm", "", "grad_norm"),
    ];
    let mut columns: Vec<Column> = METRICS.iter().map(|(title, unit, _)| Column::new(*title, *unit)).collect();
    columns.push(Column { decimals: Some(0), ..Column::new("Time", "s") });
    let cells = |run: &PolicyResult| {
        let mut cells: Vec<Cell> = METRICS.iter().map(|(_, _, metric)| number(run.last_quarter(metric))).collect();
        cells.push(number(Some(run.seconds)));
        cells
    };
    let seconds: f64 = sweep.points.iter().map(|(_, run)| run.seconds).sum::<f64>() + sweep.sft.seconds;
    Table {
        caption: format!(
            "Training metrics, averaged over the last quarter of the steps, and the wall-clock time of training and evaluation, \
             {} s in all. SFT was evaluated only.",
            format_number(seconds, 0)
        ),
        row_title: "Policy".to_owned(),
        columns,
        rows: policies(sweep, cells),
    }
}
