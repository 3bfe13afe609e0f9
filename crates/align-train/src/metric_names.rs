//! The names of the metrics that evaluations of each objective log. `metric_for_best_model` must be one of them.
//!
//! [`Metrics`](crate::Metrics) explains each name.

use crate::nearest_name::nearest_name;
use crate::{CpoLossType, Error, GrpoLossType, KtoLossType, Result, RunConfig};

/// Metrics of all preference objectives.
const PREFERENCE_METRICS: [&str; 7] = [
    "rewards/chosen",
    "rewards/rejected",
    "rewards/margins",
    "logps/chosen",
    "logps/rejected",
    "logits/chosen",
    "logits/rejected",
];
/// Additional metrics of objectives with a reference model.
const REFERENCE_METRICS: [&str; 3] = ["log_ratios/chosen", "log_ratios/rejected", "entropy"];

/// Metrics of DPO and its variants.
pub(crate) fn dpo() -> Vec<&'static str> {
    let own = ["rewards/accuracies", "likelihood_displacement", "mean_token_accuracy"];
    [&PREFERENCE_METRICS[..], &REFERENCE_METRICS, &own].concat()
}

/// Metrics of KTO and its variants. Batches without a desirable or an undesirable completion lack the metrics of that label.
pub(crate) fn kto(loss: KtoLossType) -> Vec<&'static str> {
    [&PREFERENCE_METRICS[..], &REFERENCE_METRICS, loss.info().metrics].concat()
}

/// Metrics of CPO and its variants.
pub(crate) fn cpo(loss: CpoLossType) -> Vec<&'static str> {
    [&PREFERENCE_METRICS[..], &["rewards/accuracies", "nll_loss"], loss.info().metrics].concat()
}

/// Fractions of ratios that a clip holds back.
const CLIP_METRICS: [&str; 5] = [
    "clip_ratio/low_mean",
    "clip_ratio/low_min",
    "clip_ratio/high_mean",
    "clip_ratio/high_max",
    "clip_ratio/region_mean",
];

/// Metrics of GRPO.
pub(crate) fn grpo(loss: GrpoLossType, has_reference: bool) -> Vec<&'static str> {
    let clips: &[&str] = if loss.clips() { &CLIP_METRICS } else { loss.info().metrics };
    let kl: &[&str] = if has_reference { &["kl"] } else { &[] };
    [&["entropy"], kl, clips].concat()
}

/// Metrics of RLOO.
pub(crate) fn rloo() -> Vec<&'static str> {
    [&["entropy"][..], &CLIP_METRICS].concat()
}

/// Metrics of supervised fine-tuning.
pub(crate) fn sft() -> Vec<&'static str> {
    vec!["entropy", "mean_token_accuracy", "perplexity"]
}

/// Metrics of a reward model.
pub(crate) fn reward() -> Vec<&'static str> {
    vec!["accuracy", "margin", "min_reward", "mean_reward", "max_reward"]
}

/// Metrics of a classifier.
pub(crate) fn classification() -> Vec<&'static str> {
    vec!["accuracy"]
}

/// Returns an error if the evaluations of the objective do not log `metric_for_best_model`.
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
        "is {name:?}, but evaluations of this run do not log it: choose one of {}{}",
        known.join(", "),
        hint.unwrap_or_default()
    );
    Err(Error::Config { option: "metric_for_best_model", reason })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::metric_info::{METRICS, MetricInfo};
    use crate::{ClassificationConfig, CpoConfig, DpoConfig, IntervalStrategy, KtoConfig, SftConfig, TrainingConfig};

    fn with_metric(metric: &str) -> TrainingConfig {
        TrainingConfig {
            metric_for_best_model: Some(metric.to_owned()),
            early_stopping_patience: Some(1),
            eval_strategy: IntervalStrategy::Epoch,
            ..TrainingConfig::default()
        }
    }

    #[test]
    fn a_metric_that_the_objective_does_not_log_is_rejected() {
        let dpo = |metric| DpoConfig { training: with_metric(metric), ..DpoConfig::default() }.validate();
        for known in ["loss", "eval_loss", "rewards/margins", "eval_rewards/margins"] {
            dpo(known).unwrap();
        }
        let message = dpo("eval_rewards/margin").unwrap_err().to_string();
        for part in [
            "metric_for_best_model",
            "\"eval_rewards/margin\"",
            "likelihood_displacement",
            "did you mean rewards/margins?",
        ] {
            assert!(message.contains(part), "{message}");
        }
        let kto = |metric, loss_type| {
            KtoConfig { training: with_metric(metric), loss_type, ..KtoConfig::default() }.validate()
        };
        kto("kl", KtoLossType::Kto).unwrap();
        kto("kl", KtoLossType::Bco).unwrap_err();
        kto("rewards/accuracies", KtoLossType::Kto).unwrap_err();
        let cpo = |metric, loss_type| {
            CpoConfig { training: with_metric(metric), loss_type, ..CpoConfig::default() }.validate()
        };
        cpo("log_odds_ratio", CpoLossType::Orpo).unwrap();
        cpo("log_odds_ratio", CpoLossType::Sigmoid).unwrap_err();
        SftConfig { training: with_metric("perplexity"), ..SftConfig::default() }.validate().unwrap();
        SftConfig { training: with_metric("accuracy"), ..SftConfig::default() }.validate().unwrap_err();
        ClassificationConfig { training: with_metric("accuracy"), ..ClassificationConfig::default() }
            .validate()
            .unwrap();
        ClassificationConfig { training: with_metric("f1"), ..ClassificationConfig::default() }.validate().unwrap_err();
    }

    /// The table of metrics has these names and those that only training steps log, and the documentation of `Metrics` shows it.
    #[test]
    fn every_name_is_documented() {
        let rows = include_str!("metrics.rs").lines().filter(|line| line.starts_with("/// | `"));
        let shown: Vec<String> = rows.map(|row| row.replace('`', "")).collect();
        let expected = METRICS.iter().map(|metric| {
            let MetricInfo { names, meaning, mean_over, reported_by } = metric;
            format!("/// | {} | {meaning} | {mean_over} | {reported_by} |", names.join(", "))
        });
        assert_eq!(shown, expected.collect::<Vec<_>>());
        // Rounds measure texts, not batches.
        let of_batches = METRICS.iter().filter(|metric| !metric.reported_by.starts_with("on-policy"));
        let mut documented: Vec<&str> = of_batches.flat_map(|metric| metric.names.iter().copied()).collect();
        documented.sort_unstable();
        let groups = GrpoLossType::ALL.map(|loss| grpo(loss, true)).concat();
        let losses = [KtoLossType::ALL.map(kto).concat(), CpoLossType::ALL.map(cpo).concat(), groups, rloo()].concat();
        let mut listed = [dpo(), losses, sft(), classification(), reward()].concat();
        listed.extend(["beta", "weight_distance", "hidden_distance"]);
        listed.sort_unstable();
        listed.dedup();
        assert_eq!(documented, listed);
    }
}
