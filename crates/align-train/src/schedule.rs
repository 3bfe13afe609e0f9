use serde::{Deserialize, Serialize};

/// The learning-rate schedule after the warm-up, under transformers' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum LrSchedulerType {
    /// Linear decay to zero.
    #[default]
    Linear,
    /// Decay to zero along half a cosine.
    Cosine,
    /// Constant from the first step, without a warm-up.
    Constant,
    /// Constant after the warm-up.
    ConstantWithWarmup,
}

/// The learning rate as a function of the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LrSchedule {
    /// The kind of schedule.
    pub kind: LrSchedulerType,
    /// The peak learning rate.
    pub learning_rate: f64,
    /// Steps of linear warm-up from zero.
    pub warmup_steps: u64,
    /// Total steps of the run.
    pub total_steps: u64,
}

impl LrSchedule {
    /// The learning rate of the next step after `done` completed steps. The first step of a warm-up has a learning rate of 0.
    #[must_use]
    pub fn at(&self, done: u64) -> f64 {
        if self.kind == LrSchedulerType::Constant {
            return self.learning_rate;
        }
        if done < self.warmup_steps {
            return self.learning_rate * done as f64 / self.warmup_steps.max(1) as f64;
        }
        let decay_steps = self.total_steps.saturating_sub(self.warmup_steps).max(1) as f64;
        let progress = (done - self.warmup_steps) as f64 / decay_steps;
        let factor = match self.kind {
            LrSchedulerType::Linear => 1.0 - progress,
            LrSchedulerType::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
            LrSchedulerType::Constant | LrSchedulerType::ConstantWithWarmup => 1.0,
        };
        self.learning_rate * factor.max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(kind: LrSchedulerType, warmup_steps: u64, total_steps: u64) -> LrSchedule {
        LrSchedule { kind, learning_rate: 2.0, warmup_steps, total_steps }
    }

    #[test]
    fn linear_falls_to_zero_after_the_last_step() {
        let s = schedule(LrSchedulerType::Linear, 0, 4);
        assert_eq!([0, 1, 2, 3, 4].map(|done| s.at(done)), [2.0, 1.5, 1.0, 0.5, 0.0]);
    }

    #[test]
    fn a_warmup_starts_at_zero() {
        let s = schedule(LrSchedulerType::ConstantWithWarmup, 2, 4);
        assert_eq!([0, 1, 2, 3].map(|done| s.at(done)), [0.0, 1.0, 2.0, 2.0]);
    }

    #[test]
    fn cosine_is_half_way_in_the_middle() {
        let s = schedule(LrSchedulerType::Cosine, 2, 6);
        assert!((s.at(4) - 1.0).abs() < 1e-12);
        assert_eq!(s.at(2), 2.0);
    }

    #[test]
    fn the_rate_is_not_negative_after_the_last_step() {
        assert_eq!(schedule(LrSchedulerType::Linear, 0, 2).at(5), 0.0);
    }
}
