//! What is measured on the texts of a round.

use crate::{Panel, TextGroup};
use std::collections::BTreeMap;

/// The log-probability of each token of each text, in the order of the groups.
pub(crate) struct TextLogps {
    pub policy: Vec<Vec<f32>>,
    pub reference: Option<Vec<Vec<f32>>>,
}

impl TextLogps {
    /// `log π - log π_ref` of each text, if there is a reference model.
    pub fn log_ratios(&self) -> Option<Vec<f64>> {
        let reference = self.reference.as_ref()?;
        Some(self.policy.iter().zip(reference).map(|(policy, reference)| sum(policy) - sum(reference)).collect())
    }
}

fn sum(logps: &[f32]) -> f64 {
    logps.iter().copied().map(f64::from).sum()
}

/// The metrics of a round, under TRL's names where it has them.
pub(crate) fn measure(groups: &[TextGroup], panel: &Panel, logps: Option<&TextLogps>) -> BTreeMap<String, f64> {
    let texts = || groups.iter().flat_map(|group| &group.texts);
    let mut metrics = BTreeMap::new();
    let mut set = |name: String, value: Option<f64>| value.and_then(|value| metrics.insert(name, value));
    set("reward".into(), mean(texts().filter_map(|text| text.reward)));
    let deviations: Vec<f64> = groups.iter().filter_map(deviation).collect();
    set("reward_std".into(), mean(deviations.iter().copied()));
    let zero = |deviation: &f64| if *deviation == 0.0 { 1.0 } else { 0.0 };
    set("frac_reward_zero_std".into(), mean(deviations.iter().map(zero)));
    for (place, name) in panel.names().enumerate() {
        let scores = texts().filter_map(|text| text.scores.get(place).copied().flatten());
        set(format!("rewards/{name}/mean"), mean(scores));
    }
    if let Some(name) = panel.held_out_name() {
        set(format!("held_out/{name}/mean"), mean(texts().filter_map(|text| text.held_out)));
    }
    set("completions/mean_length".into(), mean(texts().map(|text| text.ids.len() as f64)));
    let clipped = |finished: bool| if finished { 0.0 } else { 1.0 };
    set("completions/clipped_ratio".into(), mean(texts().map(|text| clipped(text.finished))));
    if let Some(logps) = logps {
        set("objective/entropy".into(), mean(logps.policy.iter().map(|logps| -sum(logps))));
        set("objective/kl".into(), logps.log_ratios().and_then(|log_ratios| mean(log_ratios.into_iter())));
    }
    metrics
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// The standard deviation of the rewards of one prompt's texts, with Bessel's correction.
fn deviation(group: &TextGroup) -> Option<f64> {
    let rewards = || group.texts.iter().filter_map(|text| text.reward);
    let (mean, count) = (mean(rewards())?, rewards().count());
    let squares: f64 = rewards().map(|reward| (reward - mean).powi(2)).sum();
    (count > 1).then(|| (squares / (count as f64 - 1.0)).sqrt())
}
