mod loss;
mod reference;

use super::{FDivergenceType, PrefixSharing, TrainingConfig, require};
use crate::{Method, Result, RunConfig, metric_names};
use align_losses::{LogRatioPenalty, LossType};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Half of the tokens of a batch of 8 pairs of 150 tokens: the matrices are as large as a processor needs to be kept busy.
const DEFAULT_MICRO_BATCH_TOKENS: usize = 1280;

/// Everything a DPO run depends on, under TRL's option names and with its defaults; `None` where TRL has a rule instead of
/// a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct DpoConfig {
    /// The loss, or several (separated by commas) that are added up.
    #[cfg_attr(feature = "clap", arg(long, value_delimiter = ',', action = clap::ArgAction::Set, value_parser = crate::option_names::LossName::<LossType>::of(LossType::known()), default_value = "sigmoid"))]
    pub loss_type: Vec<LossType>,
    /// What each of several losses counts for (1 unless given), separated by commas.
    #[cfg_attr(feature = "clap", arg(long, value_delimiter = ',', action = clap::ArgAction::Set))]
    pub loss_weights: Option<Vec<f64>>,
    /// Strength of the pull towards the reference: higher stays nearer.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().beta))]
    pub beta: f64,
    /// β-DPO: how strongly a batch's beta answers to its margin (0.6 in its authors' example); beta stands still unless given.
    #[cfg_attr(feature = "clap", arg(long))]
    pub beta_dpo_alpha: Option<f64>,
    /// What β-DPO's usual margin keeps of itself from batch to batch (0.9 unless given); with `beta_dpo_alpha`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub beta_dpo_momentum: Option<f64>,
    /// Share of labels taken to be wrong, below 0.5.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().label_smoothing))]
    pub label_smoothing: f64,
    /// The divergence.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::parse::<FDivergenceType>, default_value = "reverse_kl"))]
    pub f_divergence_type: FDivergenceType,
    /// The alpha divergence's coefficient (0.5 unless given); refused with another divergence.
    #[cfg_attr(feature = "clap", arg(long))]
    pub f_alpha_divergence_coef: Option<f64>,
    /// Width of discopop's blend (0.05 unless given); refused with another loss.
    #[cfg_attr(feature = "clap", arg(long))]
    pub discopop_tau: Option<f64>,
    /// Weight of dpop's penalty on chosen texts that become less likely (50 unless given); refused with another loss.
    #[cfg_attr(feature = "clap", arg(long))]
    pub dpop_lambda: Option<f64>,
    /// R-DPO's price of a token: margins grow by it times the chosen text's surplus of tokens.
    #[cfg_attr(feature = "clap", arg(long))]
    pub length_alpha: Option<f64>,
    /// LD-DPO: what tokens beyond the shorter text's length count for, from 0 to 1.
    #[cfg_attr(feature = "clap", arg(long))]
    pub ld_alpha: Option<f64>,
    /// WPO: whether pairs count by how likely the policy would write them.
    #[cfg_attr(feature = "clap", arg(long))]
    pub use_weighting: bool,
    /// TR-DPO: whether the reference follows the policy.
    #[cfg_attr(feature = "clap", arg(long))]
    pub sync_ref_model: bool,
    /// The policy's share in the moved reference (0.6 unless given); with `sync_ref_model`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub ref_model_mixup_alpha: Option<f64>,
    /// Optimiser steps between its moves (512 unless given); with `sync_ref_model`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub ref_model_sync_steps: Option<u64>,
    /// A penalty on log-ratios beside the loss: square, pseudo_huber, softplus or exponential; needs `log_ratio_penalty_coef`.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::parse::<LogRatioPenalty>))]
    pub log_ratio_penalty: Option<LogRatioPenalty>,
    /// What that penalty counts for.
    #[cfg_attr(feature = "clap", arg(long))]
    pub log_ratio_penalty_coef: Option<f64>,
    /// A penalty on the squared distance between the policy's and the reference's weights: what it counts for.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().weight_distance_coef))]
    pub weight_distance_coef: f64,
    /// Whether the reference's log-probabilities of all rows are computed before the first step, so that no second model is held while
    /// training.
    #[cfg_attr(feature = "clap", arg(long))]
    pub precompute_ref_log_probs: bool,
    /// Folder that keeps them for other runs on the same rows, reference and dtype, whatever the loss; with
    /// `precompute_ref_log_probs`.
    #[cfg_attr(feature = "clap", arg(long, value_name = "DIR"))]
    pub ref_log_probs_dir: Option<PathBuf>,
    /// Most tokens that go through the policy at once, padding included, those of a shared prefix once: memory grows with it. A batch of more is taken in parts,
    /// with the same gradient; where a loss couples the batch's pairs (aot, aot_unpaired, sft, β-DPO) each part is computed twice then.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().micro_batch_tokens))]
    pub micro_batch_tokens: usize,
    /// Whether what a pair's two sides have in common at their beginning, the prompt first of all, goes through the models once for
    /// both, with the same gradient and without padding: auto (where that is faster), on or off. With dropout auto is off, and on refused.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::parse::<PrefixSharing>, default_value = "auto"))]
    pub prefix_sharing: PrefixSharing,
    /// How it is trained.
    #[cfg_attr(feature = "clap", command(flatten))]
    pub training: TrainingConfig,
}

impl Default for DpoConfig {
    fn default() -> Self {
        Self {
            loss_type: vec![LossType::Sigmoid],
            loss_weights: None,
            beta: 0.1,
            beta_dpo_alpha: None,
            beta_dpo_momentum: None,
            label_smoothing: 0.0,
            f_divergence_type: FDivergenceType::ReverseKl,
            f_alpha_divergence_coef: None,
            discopop_tau: None,
            dpop_lambda: None,
            length_alpha: None,
            ld_alpha: None,
            use_weighting: false,
            sync_ref_model: false,
            ref_model_mixup_alpha: None,
            ref_model_sync_steps: None,
            log_ratio_penalty: None,
            log_ratio_penalty_coef: None,
            weight_distance_coef: 0.0,
            precompute_ref_log_probs: false,
            ref_log_probs_dir: None,
            micro_batch_tokens: DEFAULT_MICRO_BATCH_TOKENS,
            prefix_sharing: PrefixSharing::Auto,
            training: TrainingConfig::default(),
        }
    }
}

impl RunConfig for DpoConfig {
    fn training(&self) -> &TrainingConfig {
        &self.training
    }

    fn micro_batch_tokens(&self) -> Option<usize> {
        Some(self.micro_batch_tokens)
    }

    fn prefix_sharing(&self) -> PrefixSharing {
        self.prefix_sharing.with(&self.training)
    }

    fn validate(&self) -> Result<()> {
        self.loss()?;
        self.adaptive_beta()?;
        self.validate_tokens()?;
        self.validate_reference()?;
        require("micro_batch_tokens", self.micro_batch_tokens > 0, || "is 0, expected at least 1".into())?;
        self.prefix_sharing.validate(&self.training)?;
        self.training.validate()?;
        metric_names::check(self)
    }

    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        Some(metric_names::of_dpo())
    }

    fn tag(&self) -> &'static str {
        "dpo"
    }

    fn methods(&self) -> Vec<Method> {
        let adaptive = Method { name: "β-DPO", paper: "https://arxiv.org/abs/2407.08639" };
        let losses = self.loss_type.iter().map(|loss_type| loss_type.info().method);
        losses.chain(self.beta_dpo_alpha.map(|_| adaptive)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(change: impl FnOnce(&mut DpoConfig)) -> String {
        let mut config = DpoConfig::default();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_valid() {
        DpoConfig::default().validate().unwrap();
    }

    #[test]
    fn what_would_be_ignored_is_refused_by_name() {
        let says = |problem: String, parts: [&str; 2]| {
            assert!(parts.iter().all(|part| problem.contains(part)), "{problem}");
        };
        says(refused(|c| c.f_alpha_divergence_coef = Some(0.3)), ["f_alpha_divergence_coef", "alpha_divergence"]);
        says(refused(|c| c.discopop_tau = Some(0.1)), ["discopop_tau", "sigmoid"]);
        says(refused(|c| c.dpop_lambda = Some(5.0)), ["dpop_lambda", "sigmoid"]);
        let aot =
            |c: &mut DpoConfig| (c.loss_type, c.f_divergence_type) = (vec![LossType::Aot], FDivergenceType::ForwardKl);
        says(refused(|c| aot(c)), ["forward_kl", "aot"]);
        says(refused(|c| (c.loss_type, c.length_alpha) = (vec![LossType::Aot], Some(0.1))), ["length_alpha", "aot"]);
        says(refused(|c| c.loss_type = vec![LossType::ExoPair]), ["label_smoothing", "exo_pair"]);
        says(refused(|c| c.loss_weights = Some(vec![2.0])), ["loss_weights", "loss_type"]);
        says(refused(|c| c.loss_type = Vec::new()), ["loss_type", "empty"]);
        let both = vec![LossType::Hinge, LossType::Sft];
        says(
            refused(|c| (c.loss_type, c.loss_weights) = (both.clone(), Some(vec![1.0]))),
            ["loss_weights", "2 losses"],
        );
        says(refused(|c| (c.loss_type, c.label_smoothing) = (both.clone(), 0.1)), ["label_smoothing", "hinge, sft"]);
        says(refused(|c| (c.loss_type, c.discopop_tau) = (both.clone(), Some(0.1))), ["discopop_tau", "hinge, sft"]);
        says(refused(|c| (c.loss_type, c.ld_alpha) = (both.clone(), Some(0.1))), ["ld_alpha", "sft"]);
        says(refused(|c| (c.loss_type, c.use_weighting) = (both.clone(), true)), ["use_weighting", "sft"]);
        says(refused(|c| c.ref_model_sync_steps = Some(2)), ["ref_model_sync_steps", "sync_ref_model"]);
        says(refused(|c| c.ref_model_mixup_alpha = Some(0.5)), ["ref_model_mixup_alpha", "sync_ref_model"]);
        says(refused(|c| c.log_ratio_penalty_coef = Some(0.5)), ["log_ratio_penalty_coef", "log_ratio_penalty"]);
        says(
            refused(|c| c.log_ratio_penalty = Some(LogRatioPenalty::Square)),
            ["log_ratio_penalty", "log_ratio_penalty_coef"],
        );
        let precompute = |c: &mut DpoConfig| c.precompute_ref_log_probs = true;
        let moving = refused(|c| (precompute(c), c.sync_ref_model = true).0);
        says(moving, ["precompute_ref_log_probs", "sync_ref_model"]);
        let held = refused(|c| (precompute(c), c.weight_distance_coef = 0.1).0);
        says(held, ["precompute_ref_log_probs", "weight_distance_coef"]);
        let unused = refused(|c| c.ref_log_probs_dir = Some("runs".into()));
        says(unused, ["ref_log_probs_dir", "precompute_ref_log_probs"]);
        says(refused(|c| c.micro_batch_tokens = 0), ["micro_batch_tokens", "at least 1"]);
        says(refused(|c| c.weight_distance_coef = -1.0), ["weight_distance_coef", "0 or more"]);
        says(refused(|c| c.ld_alpha = Some(1.5)), ["ld_alpha", "0 to 1"]);
        says(refused(|c| c.beta_dpo_momentum = Some(0.5)), ["beta_dpo_momentum", "beta_dpo_alpha"]);
        says(refused(|c| c.beta_dpo_alpha = Some(0.0)), ["beta_dpo_alpha", "above 0"]);
        let sft = |c: &mut DpoConfig| (c.loss_type, c.beta_dpo_alpha) = (vec![LossType::Sft], Some(0.6));
        says(refused(|c| sft(c)), ["beta_dpo_alpha", "sft"]);
    }
}
