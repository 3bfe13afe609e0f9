//! Prints the metrics as tables.

use super::compared_file::ComparedFile;
use crate::output;
use align_metrics::{Bootstrap, EqualSamples, Estimate, EvaluationReport, NgramDiversity};

/// Prints the metrics of a single file.
pub fn report(report: &EvaluationReport, equal_samples: Option<Estimate>, bootstrap: &Bootstrap) {
    output::println!("rows    {}\ntokens  {}\n", report.rows, report.tokens);
    output::println!("{:34} {:>20} {:>20} {:>20}", "", "value", "low", "high");
    let line = |name: &str, estimate: Option<Estimate>| match estimate {
        Some(Estimate { value, interval }) => {
            output::println!("{name:34} {value:>20} {:>20} {:>20}", interval.low, interval.high);
        }
        None => output::println!("{name:34} {:>20}", "no scores"),
    };
    line("token entropy, nats", Some(report.token_entropy));
    line("  with Miller-Madow correction", Some(report.miller_madow_entropy));
    line("notebook entropy, nats", Some(report.notebook_entropy));
    line("mean reward", report.mean_reward);
    if equal_samples.is_some() {
        line("token entropy of equal samples", equal_samples);
    }
    output::println!("\nlow, high: {}", intervals(bootstrap));
}

/// Prints the comparison of several files: three tables with one row per file.
pub fn comparison(compared: &[ComparedFile], sample: EqualSamples, bootstrap: &Bootstrap) {
    let width = compared.iter().map(|file| file.file.chars().count()).max().unwrap_or(0).max(8);
    all_texts(compared, width);
    equal_samples(compared, sample, width);
    diversity(compared, width);
    let (intervals, level) = (intervals(bootstrap), bootstrap.level * 100.0);
    output::println!("\nin brackets: {intervals}; for equal samples, the range of {level}% of the samples");
}

fn intervals(bootstrap: &Bootstrap) -> String {
    format!("{}% over {} bootstrap resamples of texts", bootstrap.level * 100.0, bootstrap.resamples)
}

fn interval(e: Estimate) -> String {
    format!("{:.4} [{:.4}, {:.4}]", e.value, e.interval.low, e.interval.high)
}

fn all_texts(compared: &[ComparedFile], width: usize) {
    output::println!(
        "{:width$} {:>7} {:>8} {:>18} {:>18} {:>25} {:>15} {:>15}",
        "",
        "texts",
        "tokens",
        "notebook entropy",
        "mean reward",
        "token entropy, nats",
        "Miller-Madow",
        "Chao-Wang-Jost"
    );
    for ComparedFile { file, texts } in compared {
        let report = &texts.report;
        let reward = report.mean_reward.map_or_else(|| "no scores".to_owned(), |reward| reward.value.to_string());
        output::println!(
            "{file:width$} {:>7} {:>8} {:>18} {reward:>18} {:>25} {:>15.4} {:>15.4}",
            report.rows,
            report.tokens,
            report.notebook_entropy.value.to_string(),
            interval(report.token_entropy),
            report.miller_madow_entropy.value,
            texts.chao_wang_jost_entropy,
        );
    }
}

fn equal_samples(compared: &[ComparedFile], sample: EqualSamples, width: usize) {
    let counted = compared.first().map_or(&[][..], |file| &file.texts.diversity.ngrams);
    output::println!("\nequal samples: {} texts of each file, truncated to {} tokens", sample.texts, sample.tokens);
    output::println!(
        "{:width$} {:>13} {:>25} {:>15} {:>15}{}",
        "",
        "tokens/text",
        "token entropy, nats",
        "Miller-Madow",
        "Chao-Wang-Jost",
        counted.iter().map(|ngrams| format!(" {:>11}", format!("distinct-{}", ngrams.n))).collect::<String>()
    );
    for ComparedFile { file, texts } in compared {
        let [miller_madow, chao_wang_jost] =
            [texts.equal_samples_miller_madow_entropy, texts.equal_samples_chao_wang_jost_entropy].map(|e| e.value);
        let distinct: String = texts.equal_samples_distinct.iter().map(|e| format!(" {:>11.4}", e.value)).collect();
        output::println!(
            "{file:width$} {:>13.2} {:>25} {miller_madow:>15.4} {chao_wang_jost:>15.4}{distinct}",
            texts.equal_samples_tokens,
            interval(texts.equal_samples_entropy),
        );
    }
}

fn diversity(compared: &[ComparedFile], width: usize) {
    output::println!(
        "\n{:width$} {:>11} {:>14} {:>17} {:>17}",
        "all texts",
        "mean length",
        "unfinished",
        "self-repetition-2",
        "self-repetition-4"
    );
    for ComparedFile { file, texts } in compared {
        let diversity = &texts.diversity;
        let repeated = |n: usize| {
            let share = diversity.ngrams.iter().find(|ngrams| ngrams.n == n).map(NgramDiversity::self_repetition);
            share.map_or_else(|| "too short".to_owned(), |share| format!("{share:.4}"))
        };
        let unfinished = diversity.unfinished.map_or_else(|| "unknown".to_owned(), |share| format!("{share:.4}"));
        output::println!(
            "{file:width$} {:>11.2} {unfinished:>14} {:>17} {:>17}",
            diversity.mean_length,
            repeated(2),
            repeated(4)
        );
    }
}
