//! The comparison on the terminal.

use super::comparison::{AgainstSft, Comparison, Measured};
use crate::output;
use align_metrics::{Estimate, PairedComparison, SampleMean};

pub fn print(comparison: &Comparison, shown_prompts: usize) {
    print_table(&comparison.models);
    print_against_sft(&comparison.models);
    output::println!();
    comparison.findings().iter().for_each(|finding| output::println!("{finding}"));
    print_texts(comparison, shown_prompts);
}

fn with_interval(e: Estimate) -> String {
    format!("{:.4} [{:.4}, {:.4}]", e.value, e.interval.low, e.interval.high)
}

fn with_error(mean: SampleMean) -> String {
    format!("{:.2} ± {:.2}", mean.value, mean.standard_error)
}

/// The notebook's table, each model on equally many texts of equal length.
fn print_table(models: &[Measured]) {
    output::println!(
        "\n{:8} {:>6} {:>7} {:>25} {:>25} {:>14} {:>10} {:>27}",
        "",
        "texts",
        "tokens",
        "token entropy, nats",
        "Miller-Madow",
        "Chao-Wang-Jost",
        "notebook's",
        "mean reward"
    );
    for model in models {
        let report = &model.report;
        output::println!(
            "{:8} {:>6} {:>7} {:>25} {:>25} {:>14.4} {:>10.4} {:>27}",
            model.name,
            report.rows,
            report.tokens,
            with_interval(report.token_entropy),
            with_interval(report.miller_madow_entropy),
            model.chao_wang_jost,
            report.notebook_entropy.value,
            report.mean_reward.map(with_interval).unwrap_or_default()
        );
    }
    output::println!("Entropies are of equal samples. In brackets: 95% bootstrap confidence intervals over texts.");
}

fn print_against_sft(models: &[Measured]) {
    let both: Vec<(&str, &AgainstSft)> =
        models.iter().filter_map(|model| Some((model.name, model.against_sft.as_ref()?))).collect();
    output::println!(
        "\n{:16} {:>27} {:>25} {:>9} {:>16} {:>16}",
        "less SFT",
        "reward",
        "share of texts won",
        "p",
        "KL(model‖SFT)",
        "KL(SFT‖model)"
    );
    for (name, against) in both {
        let [kl, opposite] = [against.kl, against.opposite_kl].map(with_error);
        output::println!("{} {kl:>16} {opposite:>16}", in_words(name, &against.rewards));
        if let Some(held_out) = &against.held_out {
            output::println!("{}", in_words("  held-out", held_out));
        }
    }
    output::println!(
        "On equal prompts, intervals over prompts. KL in nats a text, from plain samples, ± standard error."
    );
}

fn in_words(name: &str, found: &PairedComparison) -> String {
    let [difference, won] = [found.mean_difference, found.win_rate].map(with_interval);
    format!("{name:16} {difference:>27} {won:>25} {:>9.4}", found.p_value)
}

/// Each model's first text for the first prompts.
fn print_texts(comparison: &Comparison, prompts: usize) {
    let prompts_there = comparison.models.first().map_or(0, |model| model.sampled.texts.len());
    for row in (0..prompts_there).step_by(comparison.texts_per_prompt).take(prompts) {
        for (number, model) in comparison.models.iter().enumerate() {
            let Some(text) = model.sampled.texts.get(row) else { continue };
            if number == 0 {
                output::println!("\n{}", text.prompt);
            }
            output::println!("  {:8} [{:+.3}] {}", model.name, text.score, text.text.replace('\n', " "));
        }
    }
}
