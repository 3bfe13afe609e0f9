use super::{DEFAULT_MICRO_BATCH_TOKENS, GroupPolicyConfig, validate_common};
use crate::{Method, PrefixSharing, Result, RunConfig, TrainingConfig, metric_names};
use align_losses::{GroupPolicyLoss, GroupRewards, RlooAdvantageOptions, RlooLoss, RlooOptions, rloo_advantages};
use serde::{Deserialize, Serialize};

/// Options of RLOO (arXiv:2402.14740), with the names and defaults of TRL's `RLOOConfig`.
///
/// `num_generations` and `temperature` also belong to the generation of completions; they are no command-line options of their own, but are
/// set from those of the generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct RlooConfig {
    /// Weight of the KL divergence from the reference model, which is subtracted from the reward. With 0 there is no reference model.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().beta))]
    pub beta: f64,
    /// How far the ratio of new to old probabilities may fall below 1, and by default rise above it, before it is clipped.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().epsilon))]
    pub epsilon: f64,
    /// How far the ratio may rise above 1 before it is clipped [default: epsilon].
    #[cfg_attr(feature = "clap", arg(long))]
    pub epsilon_high: Option<f64>,
    /// Passes over the completions of one generation. After the first step the ratio differs from 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().num_iterations))]
    pub num_iterations: usize,
    /// Weights of the reward functions, separated by commas [default: 1 for each].
    #[cfg_attr(feature = "clap", arg(long, value_delimiter = ',', action = clap::ArgAction::Set))]
    pub reward_weights: Option<Vec<f64>>,
    /// Normalise the advantages of a generation to mean 0 and standard deviation 1.
    #[cfg_attr(feature = "clap", arg(long))]
    pub normalize_advantages: bool,
    /// Clip rewards to this range before the KL divergence is subtracted: two numbers with a comma between them.
    #[cfg_attr(feature = "clap", arg(long, value_name = "MIN,MAX", value_parser = crate::option_names::range))]
    pub reward_clip_range: Option<(f64, f64)>,
    /// Leave out completions that were cut off at the maximum length (DAPO, arXiv:2503.14476).
    #[cfg_attr(feature = "clap", arg(long))]
    pub mask_truncated_completions: bool,
    /// Maximum tokens in one forward pass of the policy, including padding. Shared prompts count once. Larger batches are split into
    /// micro-batches, which limits memory and gives the same gradient.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().micro_batch_tokens))]
    pub micro_batch_tokens: usize,
    /// Compute common prefixes of the sequences of a forward pass once: a prompt for all of its completions, and the common beginning of
    /// different prompts, such as a system message. Gives the same gradient. With dropout, auto means off.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "auto"))]
    pub prefix_sharing: PrefixSharing,
    /// Completions per prompt.
    #[cfg_attr(feature = "clap", arg(skip = Self::default().num_generations))]
    pub num_generations: usize,
    /// The temperature at which completions are sampled. Log-probabilities are those of logits divided by it.
    #[cfg_attr(feature = "clap", arg(skip = Self::default().temperature))]
    pub temperature: f64,
    /// Options common to all objectives.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub training: TrainingConfig,
}

impl Default for RlooConfig {
    fn default() -> Self {
        let RlooOptions { epsilon, epsilon_high } = RlooOptions::default();
        let RlooAdvantageOptions { beta, reward_clip_range, normalize_advantages } = RlooAdvantageOptions::default();
        Self {
            beta,
            epsilon,
            epsilon_high,
            num_iterations: 1,
            reward_weights: None,
            normalize_advantages,
            reward_clip_range,
            mask_truncated_completions: false,
            micro_batch_tokens: DEFAULT_MICRO_BATCH_TOKENS,
            prefix_sharing: PrefixSharing::Auto,
            num_generations: 2,
            temperature: 1.0,
            training: TrainingConfig::default(),
        }
    }
}

impl RlooConfig {
    fn advantage_options(&self) -> RlooAdvantageOptions {
        let Self { beta, reward_clip_range, normalize_advantages, .. } = *self;
        RlooAdvantageOptions { beta, reward_clip_range, normalize_advantages }
    }
}

impl GroupPolicyConfig for RlooConfig {
    fn loss(&self) -> Result<Box<dyn GroupPolicyLoss>> {
        let Self { epsilon, epsilon_high, .. } = *self;
        Ok(Box::new(RlooLoss::new(RlooOptions { epsilon, epsilon_high })?))
    }

    fn advantages(&self, rewards: &GroupRewards, kl: &[f64]) -> Result<Vec<f64>> {
        Ok(rloo_advantages(rewards, kl, &self.advantage_options())?)
    }

    fn needs_kl_in_rewards(&self) -> bool {
        self.beta != 0.0
    }

    fn beta(&self) -> f64 {
        self.beta
    }

    fn with_beta(&self, beta: f64) -> Self {
        Self { beta, ..self.clone() }
    }

    fn reward_weights(&self) -> Option<&[f64]> {
        self.reward_weights.as_deref()
    }

    fn num_generations(&self) -> usize {
        self.num_generations
    }

    fn num_iterations(&self) -> usize {
        self.num_iterations
    }

    fn mask_truncated_completions(&self) -> bool {
        self.mask_truncated_completions
    }

    fn temperature(&self) -> f64 {
        self.temperature
    }
}

impl RunConfig for RlooConfig {
    fn training(&self) -> &TrainingConfig {
        &self.training
    }

    fn training_mut(&mut self) -> &mut TrainingConfig {
        &mut self.training
    }

    fn micro_batch_tokens(&self) -> Option<usize> {
        Some(self.micro_batch_tokens)
    }

    fn prefix_sharing(&self) -> PrefixSharing {
        self.prefix_sharing.off_with_dropout(&self.training)
    }

    fn validate(&self) -> Result<()> {
        self.loss()?;
        self.advantage_options().validate()?;
        validate_common(self)?;
        self.prefix_sharing.validate(&self.training)?;
        self.training.validate()?;
        metric_names::check(self)
    }

    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        Some(metric_names::rloo())
    }

    fn tag(&self) -> &'static str {
        "rloo"
    }

    fn methods(&self) -> Vec<Method> {
        vec![Method { name: "RLOO", paper: "https://arxiv.org/abs/2402.14740" }]
    }
}
