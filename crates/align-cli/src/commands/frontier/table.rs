//! Prints the results of a sweep as a table.

use crate::output;
use align_frontier::{Findings, Sweep};

/// Prints the metrics of each policy, and the findings.
pub fn print(sweep: &Sweep, findings: &Findings) {
    output::println!(
        "\n{:30} {:>24} {:>16} {:>16} {:>22} {:>10} {:>7}",
        "",
        "mean reward",
        "KL(policy||SFT)",
        "KL(SFT||policy)",
        "token entropy",
        "distinct-2",
        "front"
    );
    let rows = sweep.points.iter().map(|(point, run)| (point.to_string(), run));
    for (index, (name, run)) in std::iter::once(("SFT".to_owned(), &sweep.sft)).chain(rows).enumerate() {
        let metrics = &run.evaluation;
        let estimate =
            |e: align_metrics::Estimate| format!("{:.3} [{:.3}, {:.3}]", e.value, e.interval.low, e.interval.high);
        let mean = |m: align_metrics::SampleMean| format!("{:.2} ± {:.2}", m.value, m.standard_error);
        let bigrams = metrics.diversity.ngrams.iter().find(|ngrams| ngrams.n == 2);
        let distinct = bigrams.map_or(f64::NAN, |bigrams| bigrams.distinct);
        let front = match (findings.is_on_kl_front(index), findings.is_on_entropy_front(index)) {
            (true, true) => "KL, H",
            (true, false) => "KL",
            (false, true) => "H",
            (false, false) => "",
        };
        output::println!(
            "{name:30} {:>24} {:>16} {:>16} {:>22} {distinct:>10.3} {front:>7}",
            estimate(metrics.reward),
            mean(metrics.policy_reference_kl),
            mean(metrics.reference_policy_kl),
            estimate(metrics.token_entropy),
        );
    }
    output::println!(
        "in brackets: 95% confidence intervals over prompts; ±: standard errors; KL in nats per text, entropy per token"
    );
    output::println!("front: on the Pareto front of reward and low KL (KL), of reward and high entropy (H)\n");
    findings.statements(sweep).iter().for_each(|statement| output::println!("- {statement}"));
}
