use crate::{RoundRecord, RoundsConfig};

/// Why a run is finished before its last round, in words; `None` if it goes on. `earlier` are the rounds before `last`.
pub(crate) fn reason_to_finish(
    config: &RoundsConfig,
    (earlier, last): (&[RoundRecord], &RoundRecord),
    held_out: Option<&str>,
) -> Option<String> {
    if let (Some(kl), Some(max)) = (last.metric("objective/kl"), config.max_kl)
        && kl > max
    {
        return Some(format!("the KL divergence from the reference model is {kl:.3} nats, above max_kl, {max}"));
    }
    if let (Some(reward), Some(target)) = (last.metric("reward"), config.target_reward)
        && reward >= target
    {
        return Some(format!("the mean reward is {reward:.4}, which reaches target_reward, {target}"));
    }
    let (name, patience) = held_out.zip(config.held_out_patience)?;
    let metric = format!("held_out/{name}/mean");
    let scores: Vec<f64> = earlier.iter().chain([last]).filter_map(|record| record.metric(&metric)).collect();
    let patience = usize::try_from(patience).unwrap_or(usize::MAX);
    let best = |scores: &[f64]| scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (before, recent) = scores.split_at(scores.len().saturating_sub(patience));
    let stalled = !before.is_empty() && best(recent) <= best(before);
    stalled.then(|| format!("the held-out judge {name} has not given a higher mean score for {patience} rounds"))
}
