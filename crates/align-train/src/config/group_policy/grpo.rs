use super::reference::ReferenceSync;
use super::{DEFAULT_MAX_COMPLETION_LENGTH, DEFAULT_MICRO_BATCH_TOKENS, GroupPolicyConfig, require, validate_common};
use crate::{Method, PrefixSharing, Result, RunConfig, TrainingConfig, metric_names};
use align_losses::{
    GroupPolicyLoss, GroupRewards, GrpoLoss, GrpoLossType, GrpoOptions, ImportanceSamplingLevel,
    MultiObjectiveAggregation, ScaleRewards, grpo_advantages,
};
use serde::{Deserialize, Serialize};

/// Options of GRPO (arXiv:2402.03300), with the names and defaults of TRL's `GRPOConfig`.
///
/// `num_generations`, `max_completion_length` and `temperature` also belong to the generation of completions; they are no command-line
/// options of their own, but are set from those of the generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct GrpoConfig {
    /// How the losses of tokens are averaged, or what takes the place of the clip.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::losses::<GrpoLossType>(GrpoLossType::names_and_info()), default_value = "dapo"))]
    pub loss_type: GrpoLossType,
    /// Weight of the KL divergence from the reference model in the loss. With 0 there is no reference model.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().beta))]
    pub beta: f64,
    /// How far the ratio of new to old probabilities may fall below 1, and by default rise above it, before it is clipped.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().epsilon))]
    pub epsilon: f64,
    /// DAPO (arXiv:2503.14476): how far the ratio may rise above 1 before it is clipped; the paper uses 0.28 [default: epsilon]. With
    /// `loss_type` cispo: the largest ratio, for example 5.
    #[cfg_attr(feature = "clap", arg(long))]
    pub epsilon_high: Option<f64>,
    /// INTELLECT-2 (arXiv:2505.07291): the largest ratio of completions with a negative advantage, above 1 + `epsilon_high`. Without this
    /// option there is no limit.
    #[cfg_attr(feature = "clap", arg(long))]
    pub delta: Option<f64>,
    /// Whether the ratio is one number per token or per completion (GSPO, arXiv:2507.18071).
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::importance_sampling_level(), default_value = "token"))]
    pub importance_sampling_level: ImportanceSamplingLevel,
    /// Multiply the KL divergence of each token by the ratio, so that its gradient is that of the reverse KL divergence (arXiv:2512.02556).
    #[cfg_attr(feature = "clap", arg(long, action = clap::ArgAction::Set, value_name = "BOOL", default_value_t = Self::default().use_bias_correction_kl))]
    pub use_bias_correction_kl: bool,
    /// DeepSeek-V3.2 (arXiv:2512.02556): leave out completions with a negative advantage whose mean log-ratio of old to new
    /// probabilities is above this, for example 0.5. Without this option none is left out.
    #[cfg_attr(feature = "clap", arg(long))]
    pub off_policy_mask_threshold: Option<f64>,
    /// Passes over the completions of one generation. After the first step the ratio differs from 1.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().num_iterations))]
    pub num_iterations: usize,
    /// What the rewards are divided by after the mean of their group is subtracted: the standard deviation of the group or of the
    /// batch, or nothing (Dr. GRPO).
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::scale_rewards(), default_value = "group"))]
    pub scale_rewards: ScaleRewards,
    /// Weights of the reward functions, separated by commas [default: 1 for each].
    #[cfg_attr(feature = "clap", arg(long, value_delimiter = ',', action = clap::ArgAction::Set))]
    pub reward_weights: Option<Vec<f64>>,
    /// Whether the rewards of several functions are summed before they are normalised or after it (GDPO, arXiv:2601.05242).
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::multi_objective_aggregation(), default_value = "sum_then_normalize"))]
    pub multi_objective_aggregation: MultiObjectiveAggregation,
    /// Leave out completions that were cut off at the maximum length (DAPO, arXiv:2503.14476).
    #[cfg_attr(feature = "clap", arg(long))]
    pub mask_truncated_completions: bool,
    /// SAPO (arXiv:2511.20347): temperature of the gate for negative advantages. Requires `loss_type` sapo.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().sapo_temperature_neg))]
    pub sapo_temperature_neg: f64,
    /// SAPO: temperature of the gate for positive advantages. Requires `loss_type` sapo.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().sapo_temperature_pos))]
    pub sapo_temperature_pos: f64,
    /// VESPO (arXiv:2602.10693): exponent of the weight for positive advantages. Requires `loss_type` vespo.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().vespo_k_pos))]
    pub vespo_k_pos: f64,
    /// VESPO: decay of the weight for positive advantages. Requires `loss_type` vespo.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().vespo_lambda_pos))]
    pub vespo_lambda_pos: f64,
    /// VESPO: exponent of the weight for negative advantages. Requires `loss_type` vespo.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().vespo_k_neg))]
    pub vespo_k_neg: f64,
    /// VESPO: decay of the weight for negative advantages. Requires `loss_type` vespo.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().vespo_lambda_neg))]
    pub vespo_lambda_neg: f64,
    /// TR-DPO (arXiv:2404.09656): move the reference model towards the policy at regular intervals.
    #[cfg_attr(feature = "clap", arg(long))]
    pub sync_ref_model: bool,
    /// TR-DPO: weight of the policy in each update of the reference model, from above 0 to 1. At 1 the reference becomes a copy of the
    /// policy [default: 0.6]. Requires `sync_ref_model`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub ref_model_mixup_alpha: Option<f64>,
    /// TR-DPO: optimiser steps between updates of the reference model. Higher values keep it fixed for longer [default: 512]. Requires
    /// `sync_ref_model`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub ref_model_sync_steps: Option<u64>,
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
    /// Maximum tokens of a completion, by which `loss_type` dr_grpo divides.
    #[cfg_attr(feature = "clap", arg(skip = Self::default().max_completion_length))]
    pub max_completion_length: usize,
    /// The temperature at which completions are sampled. Log-probabilities are those of logits divided by it.
    #[cfg_attr(feature = "clap", arg(skip = Self::default().temperature))]
    pub temperature: f64,
    /// Options common to all objectives.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub training: TrainingConfig,
}

impl Default for GrpoConfig {
    fn default() -> Self {
        let options = GrpoOptions::default();
        Self {
            loss_type: options.loss_type,
            beta: options.beta,
            epsilon: options.epsilon,
            epsilon_high: options.epsilon_high,
            delta: options.delta,
            importance_sampling_level: options.importance_sampling_level,
            use_bias_correction_kl: options.use_bias_correction_kl,
            off_policy_mask_threshold: options.off_policy_mask_threshold,
            num_iterations: 1,
            scale_rewards: ScaleRewards::Group,
            reward_weights: None,
            multi_objective_aggregation: MultiObjectiveAggregation::SumThenNormalize,
            mask_truncated_completions: false,
            sapo_temperature_neg: options.sapo_temperature_neg,
            sapo_temperature_pos: options.sapo_temperature_pos,
            vespo_k_pos: options.vespo_k_pos,
            vespo_lambda_pos: options.vespo_lambda_pos,
            vespo_k_neg: options.vespo_k_neg,
            vespo_lambda_neg: options.vespo_lambda_neg,
            sync_ref_model: false,
            ref_model_mixup_alpha: None,
            ref_model_sync_steps: None,
            micro_batch_tokens: DEFAULT_MICRO_BATCH_TOKENS,
            prefix_sharing: PrefixSharing::Auto,
            num_generations: 8,
            max_completion_length: DEFAULT_MAX_COMPLETION_LENGTH,
            temperature: 1.0,
            training: TrainingConfig::default(),
        }
    }
}

impl GrpoConfig {
    fn options(&self) -> GrpoOptions {
        let divides = self.loss_type == GrpoLossType::DrGrpo;
        GrpoOptions {
            loss_type: self.loss_type,
            beta: self.beta,
            epsilon: self.epsilon,
            epsilon_high: self.epsilon_high,
            delta: self.delta,
            importance_sampling_level: self.importance_sampling_level,
            use_bias_correction_kl: self.use_bias_correction_kl,
            off_policy_mask_threshold: self.off_policy_mask_threshold,
            max_completion_length: divides.then_some(self.max_completion_length),
            sapo_temperature_neg: self.sapo_temperature_neg,
            sapo_temperature_pos: self.sapo_temperature_pos,
            vespo_k_pos: self.vespo_k_pos,
            vespo_lambda_pos: self.vespo_lambda_pos,
            vespo_k_neg: self.vespo_k_neg,
            vespo_lambda_neg: self.vespo_lambda_neg,
        }
    }

    fn sync(&self) -> ReferenceSync {
        ReferenceSync {
            sync: self.sync_ref_model,
            alpha: self.ref_model_mixup_alpha,
            steps: self.ref_model_sync_steps,
            has_reference: self.beta != 0.0,
        }
    }
}

impl GroupPolicyConfig for GrpoConfig {
    fn loss(&self) -> Result<Box<dyn GroupPolicyLoss>> {
        Ok(Box::new(GrpoLoss::new(self.options())?))
    }

    fn advantages(&self, rewards: &GroupRewards, _: &[f64]) -> Result<Vec<f64>> {
        Ok(grpo_advantages(rewards, self.scale_rewards, self.multi_objective_aggregation))
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

    fn reference_sync(&self) -> Option<(f64, u64)> {
        self.sync().get()
    }
}

impl RunConfig for GrpoConfig {
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
        self.options().validate()?;
        validate_common(self)?;
        self.prefix_sharing.validate(&self.training)?;
        self.sync().validate()?;
        let normalises_first = self.multi_objective_aggregation == MultiObjectiveAggregation::NormalizeThenSum;
        require("scale_rewards", !normalises_first || self.scale_rewards == ScaleRewards::Group, || {
            let scale = self.scale_rewards;
            format!(
                "is {scale}, which multi_objective_aggregation normalize_then_sum would ignore: remove one of the two"
            )
        })?;
        self.training.validate()?;
        metric_names::check(self)
    }

    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        Some(metric_names::grpo(self.loss_type, self.beta != 0.0))
    }

    fn tag(&self) -> &'static str {
        "grpo"
    }

    fn methods(&self) -> Vec<Method> {
        let gspo = Method { name: "GSPO", paper: "https://arxiv.org/abs/2507.18071" };
        let own = self.loss_type.info().method;
        let sequences = self.importance_sampling_level == ImportanceSamplingLevel::Sequence && self.loss_type.clips();
        std::iter::once(own).chain(sequences.then_some(gspo)).collect()
    }
}
