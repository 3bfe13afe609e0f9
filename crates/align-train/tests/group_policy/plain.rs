//! GRPO's and RLOO's losses of one sequence after the other, from whole logits.

use align_models::{Attention, CausalLm};
use align_train::objective::GroupPolicyRow;
use align_train::{GrpoConfig, GrpoLossType, RlooConfig};
use tch::{Kind, Tensor};

/// What is computed.
pub struct Loss {
    /// `None` for RLOO.
    loss_type: Option<GrpoLossType>,
    range: (f64, f64),
    beta: f64,
    corrected: bool,
    temperature: f64,
    masks_truncated: bool,
    max_length: f64,
}

impl Loss {
    pub fn grpo(config: &GrpoConfig) -> Self {
        Self {
            loss_type: Some(config.loss_type),
            range: (1.0 - config.epsilon, 1.0 + config.epsilon_high.unwrap_or(config.epsilon)),
            beta: config.beta,
            corrected: config.use_bias_correction_kl,
            temperature: config.temperature,
            masks_truncated: config.mask_truncated_completions,
            max_length: config.max_completion_length as f64,
        }
    }

    pub fn rloo(config: &RlooConfig) -> Self {
        Self {
            loss_type: None,
            range: (1.0 - config.epsilon, 1.0 + config.epsilon_high.unwrap_or(config.epsilon)),
            beta: 0.0,
            corrected: false,
            temperature: config.temperature,
            masks_truncated: config.mask_truncated_completions,
            max_length: f64::NAN,
        }
    }

    /// The log-probabilities of a completion.
    fn logps(&self, model: &dyn CausalLm, row: &GroupPolicyRow) -> Tensor {
        let ids = Tensor::from_slice(&[row.prompt_ids.as_slice(), &row.completion_ids].concat()).unsqueeze(0);
        let hidden = model.hidden(&ids, None, &Attention::Causal, None).unwrap();
        let logits = hidden.matmul(&model.head().tr()) / self.temperature;
        let all = logits.log_softmax(-1, Kind::Double).squeeze_dim(0);
        let (prompt, completion) = (row.prompt_ids.len() as i64, row.completion_ids.len() as i64);
        let predicted = all.narrow(0, prompt - 1, completion);
        predicted.gather(1, &Tensor::from_slice(&row.completion_ids).unsqueeze(1), false).squeeze_dim(1)
    }

    fn clipped(&self, ratio: &Tensor, advantage: f64) -> Tensor {
        let plain: Tensor = ratio * advantage;
        -plain.minimum(&(ratio.clamp(self.range.0, self.range.1) * advantage))
    }

    /// The loss of a batch.
    pub fn of(&self, policy: &dyn CausalLm, reference: &dyn CausalLm, rows: &[GroupPolicyRow]) -> Tensor {
        let counts = |row: &GroupPolicyRow| !(self.masks_truncated && row.truncated);
        let tokens: usize = rows.iter().filter(|row| counts(row)).map(|row| row.completion_ids.len()).sum();
        let mut loss = Tensor::from(0.0f64);
        for row in rows {
            let now = self.logps(policy, row);
            let old = match &row.old_logps {
                Some(old) => Tensor::from_slice(old).to_kind(Kind::Double),
                None => now.detach(),
            };
            let log_ratio = &now - old;
            let (n, all) = (row.completion_ids.len() as f64, rows.len() as f64);
            let Some(loss_type) = self.loss_type else {
                // A completion that is left out has a ratio of 1.
                let sum = if counts(row) { log_ratio.sum(Kind::Double) } else { Tensor::from(0.0f64) };
                loss += self.clipped(&sum.exp(), row.advantage) / all;
                continue;
            };
            if !counts(row) {
                continue;
            }
            let ratio = log_ratio.exp();
            let mut losses = self.clipped(&ratio, row.advantage);
            if self.beta > 0.0 {
                let difference = tch::no_grad(|| self.logps(reference, row)) - &now;
                let kl = difference.exp() - &difference - 1.0;
                losses += self.beta * if self.corrected { kl * &ratio } else { kl };
            }
            let sum = losses.sum(Kind::Double);
            loss += match loss_type {
                GrpoLossType::Grpo => sum / n / all,
                GrpoLossType::DrGrpo => sum / self.max_length / all,
                _ => sum / tokens as f64,
            };
        }
        loss
    }
}
