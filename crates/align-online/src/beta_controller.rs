/// The most by which one round changes beta.
const LARGEST_FACTOR: f64 = 1.5;

/// The beta of the next round, to hold a budget `target` of the KL divergence from the reference model, in nats per text:
/// `β ← max(β_0, β · clip(KL / target, 1/1.5, 1.5))`. So beta rises while the policy is further away than the budget, and falls back to
/// its first value `first` when it is nearer.
pub(crate) fn next_beta((first, beta): (f64, f64), kl: f64, target: f64) -> f64 {
    (beta * (kl / target).clamp(1.0 / LARGEST_FACTOR, LARGEST_FACTOR)).max(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beta_rises_above_the_budget_and_falls_back_below_it() {
        assert_eq!(next_beta((0.1, 0.1), 2.0, 4.0), 0.1);
        assert!((next_beta((0.1, 0.1), 5.0, 4.0) - 0.125).abs() < 1e-12);
        assert!((next_beta((0.1, 0.1), 40.0, 4.0) - 0.15).abs() < 1e-12);
        assert!((next_beta((0.1, 0.15), 3.0, 4.0) - 0.1125).abs() < 1e-12);
        assert_eq!(next_beta((0.1, 0.12), -1.0, 4.0), 0.1);
    }
}
