//! GRPO and RLOO as their papers and TRL's documentation have them: loops over completions and tokens in float64, without tensors.

use align_losses::{GrpoLossType, GrpoOptions, ImportanceSamplingLevel, RlooOptions};

/// A completion: the log-probabilities of its tokens under the three models, and its advantage.
#[derive(Debug, Clone)]
pub struct Completion {
    pub logps: Vec<f64>,
    pub old: Vec<f64>,
    pub reference: Vec<f64>,
    pub advantage: f64,
    /// Whether its tokens count.
    pub counts: bool,
}

impl Completion {
    fn tokens(&self) -> usize {
        if self.counts { self.logps.len() } else { 0 }
    }

    fn log_ratio(&self, token: usize) -> f64 {
        self.logps[token] - self.old[token]
    }

    fn mean_log_ratio(&self) -> f64 {
        let sum: f64 = (0..self.tokens()).map(|token| self.log_ratio(token)).sum();
        sum / self.tokens().max(1) as f64
    }
}

/// The ratio of a token as a function of the log-probabilities, and as a constant: `frozen` has the completions at which constants
/// are taken.
fn ratio(options: &GrpoOptions, completion: &Completion, token: usize) -> f64 {
    match options.importance_sampling_level {
        ImportanceSamplingLevel::Token => completion.log_ratio(token).exp(),
        _ => completion.mean_log_ratio().exp(),
    }
}

fn gamma_weight(options: &GrpoOptions, completion: &Completion) -> f64 {
    let sum: f64 = (0..completion.tokens()).map(|token| completion.log_ratio(token)).sum();
    let w = sum.exp();
    let (k, lambda) = match completion.advantage >= 0.0 {
        true => (options.vespo_k_pos, options.vespo_lambda_pos),
        false => (options.vespo_k_neg, options.vespo_lambda_neg),
    };
    lambda.exp() * w.powf(k) * (-lambda * w).exp()
}

fn token_loss(options: &GrpoOptions, now: &Completion, frozen: &Completion, token: usize) -> f64 {
    let (r, a) = (ratio(options, now, token), now.advantage);
    let constant = ratio(options, frozen, token);
    let high = options.epsilon_high.unwrap_or(options.epsilon);
    let policy = match options.loss_type {
        GrpoLossType::Cispo => -constant.min(high) * a * now.logps[token],
        GrpoLossType::Vespo => -gamma_weight(options, frozen) * a * now.logps[token],
        GrpoLossType::Sapo => {
            let tau = if a > 0.0 { options.sapo_temperature_pos } else { options.sapo_temperature_neg };
            -4.0 / tau * a / (1.0 + (-tau * (r - 1.0)).exp())
        }
        _ => {
            let clipped = r.max(1.0 - options.epsilon).min(1.0 + high);
            -(r.min(options.delta.unwrap_or(f64::INFINITY)) * a).min(clipped * a)
        }
    };
    let drift = -frozen.mean_log_ratio();
    let dropped = options.off_policy_mask_threshold.is_some_and(|threshold| a < 0.0 && drift > threshold);
    let difference = now.reference[token] - now.logps[token];
    let kl = difference.exp() - difference - 1.0;
    let kl = if options.use_bias_correction_kl { kl * r } else { kl };
    (if dropped { 0.0 } else { policy }) + options.beta * kl
}

/// The loss of `now`, with stopped gradients at `frozen`.
pub fn grpo(options: &GrpoOptions, now: &[Completion], frozen: &[Completion]) -> f64 {
    let rows = now.len() as f64;
    let all_tokens = now.iter().map(Completion::tokens).sum::<usize>().max(1) as f64;
    let mut loss = 0.0;
    for (now, frozen) in now.iter().zip(frozen) {
        let length = now.tokens().max(1) as f64;
        let sum: f64 = (0..now.tokens()).map(|token| token_loss(options, now, frozen, token)).sum();
        loss += match options.loss_type {
            GrpoLossType::Grpo | GrpoLossType::Sapo => sum / length / rows,
            GrpoLossType::DrGrpo => sum / options.max_completion_length.unwrap() as f64 / rows,
            GrpoLossType::Luspo => sum / rows,
            _ => sum / all_tokens,
        };
    }
    loss
}

/// RLOO's loss.
pub fn rloo(options: &RlooOptions, now: &[Completion]) -> f64 {
    let losses = now.iter().map(|completion| {
        let sum: f64 = (0..completion.tokens()).map(|token| completion.log_ratio(token)).sum();
        let (r, a) = (sum.exp(), completion.advantage);
        let high = 1.0 + options.epsilon_high.unwrap_or(options.epsilon);
        -(r * a).min(r.clamp(1.0 - options.epsilon, high) * a)
    });
    losses.sum::<f64>() / now.len() as f64
}
