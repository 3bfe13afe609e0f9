//! The results of a sweep: a table and findings for the terminal, or a JSON document.

use crate::{output, terminal};
use align_frontier::{Findings, PolicyResult, Sweep, results_table};
use align_report::{Cell, Column, Estimate};
use serde_json::{Value, json};

/// Prints the metrics of each policy, and the findings.
pub fn print(sweep: &Sweep, findings: &Findings) {
    let mut table = results_table(sweep);
    table.caption +=
        " Front: on the Pareto front of high reward and low KL (KL), or of high reward and high entropy (H).";
    table.columns.extend([Column::new("Distinct-2", ""), Column::new("Front", "")]);
    for ((index, row), run) in table.rows.iter_mut().enumerate().zip(policies(sweep)) {
        let bigrams = run.evaluation.diversity.ngrams.iter().find(|ngrams| ngrams.n == 2);
        let distinct = bigrams.map_or(Cell::Missing, |bigrams| Cell::Number(Estimate::exact(bigrams.distinct)));
        row.cells.extend([distinct, Cell::Text(fronts(findings, index).join(", "))]);
    }
    output::println!();
    terminal::print_tables(&[table]);
    findings.statements(sweep).iter().for_each(|statement| terminal::print_paragraph("- ", "  ", statement));
}

/// The metrics of each policy and the findings, with all digits.
pub fn document(sweep: &Sweep, findings: &Findings) -> Value {
    let policy = |(index, run): (usize, &PolicyResult)| {
        let point = index.checked_sub(1).and_then(|at| sweep.points.get(at)).map(|(point, _)| point);
        json!({ "point": point, "evaluation": run.evaluation, "fronts": fronts(findings, index), "seconds": run.seconds })
    };
    json!({
        "policies": policies(sweep).enumerate().map(policy).collect::<Vec<_>>(),
        "pairing": sweep.pairing,
        "findings": findings,
        "statements": findings.statements(sweep),
    })
}

/// The model before training, then the policies of the points.
fn policies(sweep: &Sweep) -> impl Iterator<Item = &PolicyResult> {
    std::iter::once(&sweep.sft).chain(sweep.points.iter().map(|(_, run)| run))
}

/// The Pareto fronts that a policy is on: KL for reward and low KL, H for reward and high entropy.
fn fronts(findings: &Findings, index: usize) -> Vec<&'static str> {
    let fronts = [("KL", findings.is_on_kl_front(index)), ("H", findings.is_on_entropy_front(index))];
    fronts.into_iter().filter(|(_, is_on)| *is_on).map(|(front, _)| front).collect()
}
