mod loss;
mod reference;

use super::{FDivergenceType, HiddenLayers, PrefixSharing, TrainingConfig, require};
use crate::{Method, Result, RunConfig, metric_names};
use align_losses::{LogRatioPenalty, LossType};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Half of the tokens in a batch of 8 pairs of 150 tokens each: large enough to use a processor fully.
const DEFAULT_MICRO_BATCH_TOKENS: usize = 1280;

/// Options of a DPO run, with the names and defaults of TRL's `DPOConfig`. `None` means that the default depends on other options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct DpoConfig {
    /// Loss function, or several separated by commas, which are summed. `align losses` explains each.
    #[cfg_attr(feature = "clap", arg(long, value_delimiter = ',', action = clap::ArgAction::Set, value_parser = crate::option_names::losses::<LossType>(LossType::names_and_info()), default_value = "sigmoid"))]
    pub loss_type: Vec<LossType>,
    /// Weights of several losses, separated by commas (MPO, arXiv:2411.10442) [default: 1 for each].
    #[cfg_attr(feature = "clap", arg(long, value_delimiter = ',', action = clap::ArgAction::Set))]
    pub loss_weights: Option<Vec<f64>>,
    /// Strength of the penalty for deviating from the reference model. Higher values keep the policy closer to it.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().beta))]
    pub beta: f64,
    /// β-DPO (arXiv:2407.08639): adapt beta to the reward margin of each batch, with this sensitivity. Higher values change beta more;
    /// the authors use 0.6. Without this option beta is constant.
    #[cfg_attr(feature = "clap", arg(long))]
    pub beta_dpo_alpha: Option<f64>,
    /// β-DPO: momentum of the running mean of margins. Higher values average over more batches [default: 0.9]. Requires
    /// `beta_dpo_alpha`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub beta_dpo_momentum: Option<f64>,
    /// Assumed fraction of pairs with chosen and rejected swapped, from 0 to below 0.5. Higher values trust each pair less. With sigmoid
    /// this is conservative DPO, with robust it is robust DPO (arXiv:2403.00409).
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().label_smoothing))]
    pub label_smoothing: f64,
    /// Use the probability in the column chosen_probability that the chosen completion is the better one: each pair's loss is the
    /// expectation over its two possible labels (cDPO with soft labels). Takes the place of `label_smoothing`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub soft_labels: bool,
    /// ODPO (arXiv:2402.10571): scale of an offset that grows with the logarithm of the score difference of a pair, which is the column
    /// margin, or chosen_score minus rejected_score. Higher values ask for larger reward margins; the paper uses 1.
    #[cfg_attr(feature = "clap", arg(long))]
    pub odpo_alpha: Option<f64>,
    /// Multiply the loss of each pair by the number in its column weight. The weights are not normalised.
    #[cfg_attr(feature = "clap", arg(long))]
    pub row_weights: bool,
    /// f-DPO (arXiv:2309.16240): divergence from the reference model that is penalised.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "reverse_kl"))]
    pub f_divergence_type: FDivergenceType,
    /// f-DPO (arXiv:2309.16240): coefficient of the alpha divergence. Towards 1 it becomes the reverse KL divergence, towards 0 the
    /// forward one [default: 0.5]. Requires `f_divergence_type` alpha_divergence.
    #[cfg_attr(feature = "clap", arg(long))]
    pub f_alpha_divergence_coef: Option<f64>,
    /// DiscoPOP (arXiv:2406.08414): temperature of the blend of its two losses. Higher values blend them over a wider range of margins
    /// [default: 0.05]. Requires `loss_type` discopop.
    #[cfg_attr(feature = "clap", arg(long))]
    pub discopop_tau: Option<f64>,
    /// DPO-Positive (arXiv:2402.13228): weight of the penalty on chosen completions that become less likely than under the reference
    /// model. Higher values prevent this more strongly [default: 50]. Requires `loss_type` dpop.
    #[cfg_attr(feature = "clap", arg(long))]
    pub dpop_lambda: Option<f64>,
    /// R-DPO (arXiv:2403.19159): length regularisation. The reward margin increases by this value per token by which the chosen
    /// completion is longer than the rejected one. Higher values make longer completions less attractive.
    #[cfg_attr(feature = "clap", arg(long))]
    pub length_alpha: Option<f64>,
    /// LD-DPO (arXiv:2409.06411): weight, from 0 to 1, of the tokens beyond the length of the shorter completion. Lower values reduce
    /// the influence of length. Without this option all tokens count fully, as with 1.
    #[cfg_attr(feature = "clap", arg(long))]
    pub ld_alpha: Option<f64>,
    /// WPO (arXiv:2406.11827): weight each pair by how likely the policy is to generate it.
    #[cfg_attr(feature = "clap", arg(long))]
    pub use_weighting: bool,
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
    /// Penalty on the log-ratio of each completion that is added to the loss. Requires `log_ratio_penalty_coef`.
    #[cfg_attr(feature = "clap", arg(long, value_parser = crate::option_names::log_ratio_penalty()))]
    pub log_ratio_penalty: Option<LogRatioPenalty>,
    /// Coefficient of `log_ratio_penalty`. Higher values keep the log-ratios smaller.
    #[cfg_attr(feature = "clap", arg(long))]
    pub log_ratio_penalty_coef: Option<f64>,
    /// Coefficient of a penalty on the squared distance between the weights of the policy and the reference model. Higher values keep
    /// the weights closer to those of the reference model.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().weight_distance_coef))]
    pub weight_distance_coef: f64,
    /// Coefficient of a penalty on the squared distance between the hidden states of the policy and the reference model, at the positions
    /// that predict completion tokens. Higher values keep the hidden states closer to those of the reference model.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().hidden_distance_coef))]
    pub hidden_distance_coef: f64,
    /// Layers whose hidden states are compared: all (the output of every block, without the embeddings), last, or numbers with commas between
    /// them; 0 is the embeddings, 1 the output of the first block [default: all]. Requires `hidden_distance_coef`.
    #[cfg_attr(feature = "clap", arg(long, value_name = "all|last|LIST"))]
    pub hidden_distance_layers: Option<HiddenLayers>,
    /// Compute the reference log-probabilities of all examples before training, so that the reference model need not stay in memory.
    #[cfg_attr(feature = "clap", arg(long))]
    pub precompute_ref_log_probs: bool,
    /// Cache folder for precomputed reference log-probabilities. Other runs with the same examples, reference model and dtype reuse
    /// them; their losses may differ. Requires `precompute_ref_log_probs`.
    #[cfg_attr(feature = "clap", arg(long, value_name = "DIR"))]
    pub ref_log_probs_dir: Option<PathBuf>,
    /// Maximum tokens in one forward pass of the policy, including padding. Shared prefixes count once. Larger batches are split into
    /// micro-batches, which limits memory and gives the same gradient. Losses that depend on the whole batch (aot, aot_unpaired, sft,
    /// β-DPO) then compute each micro-batch twice.
    #[cfg_attr(feature = "clap", arg(long, default_value_t = Self::default().micro_batch_tokens))]
    pub micro_batch_tokens: usize,
    /// Compute common prefixes of the sequences of a forward pass once: the prompt of a pair with any equal tokens after it, and the common
    /// beginning of different prompts, such as a system message. Gives the same gradient. With dropout, auto means off.
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value = "auto"))]
    pub prefix_sharing: PrefixSharing,
    /// Options common to all objectives.
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
            soft_labels: false,
            odpo_alpha: None,
            row_weights: false,
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
            hidden_distance_coef: 0.0,
            hidden_distance_layers: None,
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
        self.adaptive_beta()?;
        self.validate_weighting()?;
        self.validate_reference()?;
        require("micro_batch_tokens", self.micro_batch_tokens > 0, || "is 0, expected at least 1".into())?;
        self.prefix_sharing.validate(&self.training)?;
        self.training.validate()?;
        metric_names::check(self)
    }

    fn check_streaming(&self) -> Result<()> {
        require("precompute_ref_log_probs", !self.precompute_ref_log_probs, || {
            "keeps the log-probabilities of all rows in memory, but streamed rows are read when they are needed: remove one of the two".into()
        })?;
        self.training.check_streaming()
    }

    fn without_precomputation(self) -> Self {
        Self { precompute_ref_log_probs: false, ref_log_probs_dir: None, ..self }
    }

    fn evaluation_metrics(&self) -> Option<Vec<&'static str>> {
        let mut names = metric_names::dpo();
        names.extend((self.hidden_distance_coef > 0.0).then_some("hidden_distance"));
        Some(names)
    }

    fn tag(&self) -> &'static str {
        "dpo"
    }

    fn methods(&self) -> Vec<Method> {
        let adaptive = Method { name: "β-DPO", paper: "https://arxiv.org/abs/2407.08639" };
        let soft = Method { name: "DPO with soft labels", paper: "https://arxiv.org/abs/2409.06691" };
        let offset = Method { name: "ODPO", paper: "https://arxiv.org/abs/2402.10571" };
        let losses = self.loss_type.iter().map(|loss_type| loss_type.info().method);
        let variants =
            [self.beta_dpo_alpha.map(|_| adaptive), self.soft_labels.then_some(soft), self.odpo_alpha.map(|_| offset)];
        losses.chain(variants.into_iter().flatten()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn error(change: impl FnOnce(&mut DpoConfig)) -> String {
        let mut config = DpoConfig::default();
        change(&mut config);
        config.validate().unwrap_err().to_string()
    }

    fn assert_contains(problem: String, parts: [&str; 2]) {
        assert!(parts.iter().all(|part| problem.contains(part)), "{problem}");
    }

    #[test]
    fn the_defaults_are_valid() {
        DpoConfig::default().validate().unwrap();
    }

    #[test]
    fn options_that_would_be_ignored_are_rejected() {
        assert_contains(
            error(|c| c.f_alpha_divergence_coef = Some(0.3)),
            ["f_alpha_divergence_coef", "alpha_divergence"],
        );
        assert_contains(error(|c| c.discopop_tau = Some(0.1)), ["discopop_tau", "sigmoid"]);
        assert_contains(error(|c| c.dpop_lambda = Some(5.0)), ["dpop_lambda", "sigmoid"]);
        let aot =
            |c: &mut DpoConfig| (c.loss_type, c.f_divergence_type) = (vec![LossType::Aot], FDivergenceType::ForwardKl);
        assert_contains(error(|c| aot(c)), ["forward_kl", "aot"]);
        assert_contains(
            error(|c| (c.loss_type, c.length_alpha) = (vec![LossType::Aot], Some(0.1))),
            ["length_alpha", "aot"],
        );
        assert_contains(error(|c| c.loss_type = vec![LossType::ExoPair]), ["label_smoothing", "exo_pair"]);
        assert_contains(error(|c| c.loss_weights = Some(vec![2.0])), ["loss_weights", "loss_type"]);
        assert_contains(error(|c| c.loss_type = Vec::new()), ["loss_type", "empty"]);
        let both = vec![LossType::Hinge, LossType::Sft];
        assert_contains(
            error(|c| (c.loss_type, c.loss_weights) = (both.clone(), Some(vec![1.0]))),
            ["loss_weights", "2 losses"],
        );
        assert_contains(
            error(|c| (c.loss_type, c.label_smoothing) = (both.clone(), 0.1)),
            ["label_smoothing", "hinge, sft"],
        );
        assert_contains(
            error(|c| (c.loss_type, c.discopop_tau) = (both.clone(), Some(0.1))),
            ["discopop_tau", "hinge, sft"],
        );
        assert_contains(error(|c| (c.loss_type, c.ld_alpha) = (both.clone(), Some(0.1))), ["ld_alpha", "sft"]);
        assert_contains(error(|c| (c.loss_type, c.use_weighting) = (both.clone(), true)), ["use_weighting", "sft"]);
        assert_contains(error(|c| c.ref_model_sync_steps = Some(2)), ["ref_model_sync_steps", "sync_ref_model"]);
        assert_contains(error(|c| c.ref_model_mixup_alpha = Some(0.5)), ["ref_model_mixup_alpha", "sync_ref_model"]);
        assert_contains(
            error(|c| c.log_ratio_penalty_coef = Some(0.5)),
            ["log_ratio_penalty_coef", "log_ratio_penalty"],
        );
        assert_contains(
            error(|c| c.log_ratio_penalty = Some(LogRatioPenalty::Square)),
            ["log_ratio_penalty", "log_ratio_penalty_coef"],
        );
        let precompute = |c: &mut DpoConfig| c.precompute_ref_log_probs = true;
        let moving = error(|c| (precompute(c), c.sync_ref_model = true).0);
        assert_contains(moving, ["precompute_ref_log_probs", "sync_ref_model"]);
        let held = error(|c| (precompute(c), c.weight_distance_coef = 0.1).0);
        assert_contains(held, ["precompute_ref_log_probs", "weight_distance_coef"]);
        let unused = error(|c| c.ref_log_probs_dir = Some("runs".into()));
        assert_contains(unused, ["ref_log_probs_dir", "precompute_ref_log_probs"]);
        assert_contains(error(|c| c.micro_batch_tokens = 0), ["micro_batch_tokens", "at least 1"]);
        assert_contains(error(|c| c.weight_distance_coef = -1.0), ["weight_distance_coef", "0 or more"]);
        assert_contains(error(|c| c.ld_alpha = Some(1.5)), ["ld_alpha", "0 to 1"]);
        assert_contains(error(|c| c.beta_dpo_momentum = Some(0.5)), ["beta_dpo_momentum", "beta_dpo_alpha"]);
        assert_contains(error(|c| c.beta_dpo_alpha = Some(0.0)), ["beta_dpo_alpha", "above 0"]);
        let sft = |c: &mut DpoConfig| (c.loss_type, c.beta_dpo_alpha) = (vec![LossType::Sft], Some(0.6));
        assert_contains(error(|c| sft(c)), ["beta_dpo_alpha", "sft"]);
    }

    #[test]
    fn numbers_of_pairs_that_would_be_ignored_are_rejected() {
        assert_contains(
            error(|c| (c.soft_labels, c.label_smoothing) = (true, 0.1)),
            ["soft_labels", "label_smoothing"],
        );
        assert_contains(error(|c| (c.loss_type, c.soft_labels) = (vec![LossType::Aot], true)), ["soft_labels", "aot"]);
        assert_contains(error(|c| c.odpo_alpha = Some(0.0)), ["odpo_alpha", "above 0"]);
        let both = vec![LossType::Hinge, LossType::Sft];
        assert_contains(error(|c| (c.loss_type, c.row_weights) = (both, true)), ["row_weights", "sft"]);
    }

    #[test]
    fn options_of_hidden_states_are_checked() {
        assert_contains(error(|c| c.hidden_distance_coef = -1.0), ["hidden_distance_coef", "0 or more"]);
        let precompute = |c: &mut DpoConfig| (c.precompute_ref_log_probs, c.hidden_distance_coef) = (true, 0.1);
        assert_contains(error(precompute), ["precompute_ref_log_probs", "hidden_distance_coef"]);
        let unused = error(|c| c.hidden_distance_layers = Some(HiddenLayers::Last));
        assert_contains(unused, ["hidden_distance_layers", "hidden_distance_coef"]);
        let listed = |layers: &[usize]| {
            let layers = HiddenLayers::Listed(layers.to_vec());
            error(|c| (c.hidden_distance_coef, c.hidden_distance_layers) = (0.1, Some(layers)))
        };
        assert_contains(listed(&[]), ["hidden_distance_layers", "at least one"]);
        assert_contains(listed(&[1, 2, 1]), ["hidden_distance_layers", "layer 1 twice"]);
    }
}
