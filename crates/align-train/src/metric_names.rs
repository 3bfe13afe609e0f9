//! What the evaluations of each objective log: one list an objective, of which the metric for the best model is one.
//!
//! What each name means stands at [`Metrics`](crate::Metrics).

use crate::option_names::nearest_name;
use crate::{CpoLossType, Error, KtoLossType, Result, RunConfig};

/// Of chosen and rejected completions.
const SIDES: [&str; 7] = [
    "rewards/chosen",
    "rewards/rejected",
    "rewards/margins",
    "logps/chosen",
    "logps/rejected",
    "logits/chosen",
    "logits/rejected",
];
/// Of these beside a reference.
const BESIDE_REFERENCE: [&str; 3] = ["log_ratios/chosen", "log_ratios/rejected", "entropy"];

/// DPO's and its family's.
pub(crate) fn of_dpo() -> Vec<&'static str> {
    let own = ["rewards/accuracies", "likelihood_displacement", "mean_token_accuracy"];
    [&SIDES[..], &BESIDE_REFERENCE, &own].concat()
}

/// KTO's and its family's. Batches without a desirable or without an undesirable completion lack what is of that side.
pub(crate) fn of_kto(loss: KtoLossType) -> Vec<&'static str> {
    [&SIDES[..], &BESIDE_REFERENCE, loss.info().metrics].concat()
}

/// CPO's and its family's.
pub(crate) fn of_cpo(loss: CpoLossType) -> Vec<&'static str> {
    [&SIDES[..], &["rewards/accuracies", "nll_loss"], loss.info().metrics].concat()
}

/// Fine-tuning's.
pub(crate) fn of_sft() -> Vec<&'static str> {
    vec!["entropy", "mean_token_accuracy", "perplexity"]
}

/// A classifier's.
pub(crate) fn of_classification() -> Vec<&'static str> {
    vec!["accuracy"]
}

/// Refuses a metric for the best model that the objective's evaluations never log.
pub(crate) fn check(config: &impl RunConfig) -> Result<()> {
    let (Some(name), Some(logged)) = (&config.training().metric_for_best_model, config.evaluation_metrics()) else {
        return Ok(());
    };
    let known: Vec<&str> = std::iter::once("loss").chain(logged).collect();
    let plain = name.strip_prefix("eval_").unwrap_or(name);
    if known.contains(&plain) {
        return Ok(());
    }
    let hint = nearest_name(plain, known.iter().copied()).map(|meant| format!("; did you mean {meant}?"));
    let reason = format!(
        "is {name:?}, which evaluations of this run never log: choose one of {}{}",
        known.join(", "),
        hint.unwrap_or_default()
    );
    Err(Error::Config { option: "metric_for_best_model", reason })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{ClassificationConfig, CpoConfig, DpoConfig, KtoConfig, SftConfig, Strategy, TrainingConfig};

    fn by(metric: &str) -> TrainingConfig {
        TrainingConfig {
            metric_for_best_model: Some(metric.to_owned()),
            early_stopping_patience: Some(1),
            eval_strategy: Strategy::Epoch,
            ..TrainingConfig::default()
        }
    }

    #[test]
    fn a_name_that_the_objective_never_logs_is_refused_with_those_that_it_does() {
        let dpo = |metric| DpoConfig { training: by(metric), ..DpoConfig::default() }.validate();
        for known in ["loss", "eval_loss", "rewards/margins", "eval_rewards/margins"] {
            dpo(known).unwrap();
        }
        let said = dpo("eval_rewards/margin").unwrap_err().to_string();
        for part in [
            "metric_for_best_model",
            "\"eval_rewards/margin\"",
            "likelihood_displacement",
            "did you mean rewards/margins?",
        ] {
            assert!(said.contains(part), "{said}");
        }
        let kto = |metric, loss_type| KtoConfig { training: by(metric), loss_type, ..KtoConfig::default() }.validate();
        kto("kl", KtoLossType::Kto).unwrap();
        kto("kl", KtoLossType::Bco).unwrap_err();
        kto("rewards/accuracies", KtoLossType::Kto).unwrap_err();
        let cpo = |metric, loss_type| CpoConfig { training: by(metric), loss_type, ..CpoConfig::default() }.validate();
        cpo("log_odds_ratio", CpoLossType::Orpo).unwrap();
        cpo("log_odds_ratio", CpoLossType::Sigmoid).unwrap_err();
        SftConfig { training: by("perplexity"), ..SftConfig::default() }.validate().unwrap();
        SftConfig { training: by("accuracy"), ..SftConfig::default() }.validate().unwrap_err();
        ClassificationConfig { training: by("accuracy"), ..ClassificationConfig::default() }.validate().unwrap();
        ClassificationConfig { training: by("f1"), ..ClassificationConfig::default() }.validate().unwrap_err();
    }

    /// The table of meanings at `Metrics` has these names, and those that steps alone have.
    #[test]
    fn every_name_has_its_meaning_in_the_docs() {
        let rows = include_str!("metrics.rs").lines().filter_map(|line| line.strip_prefix("/// | `"));
        let names = rows.filter_map(|row| row.split(" | ").next());
        let mut documented: Vec<String> = names
            .flat_map(|names| names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect::<Vec<_>>())
            .collect();
        documented.sort();
        let losses = [KtoLossType::ALL.map(of_kto).concat(), CpoLossType::ALL.map(of_cpo).concat()].concat();
        let mut listed = [of_dpo(), losses, of_sft(), of_classification()].concat();
        listed.extend(["beta", "weight_distance"]);
        listed.sort_unstable();
        listed.dedup();
        assert_eq!(documented, listed);
    }
}
