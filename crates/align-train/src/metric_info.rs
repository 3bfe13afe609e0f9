//! What the metrics of runs mean. Program help and documentation are checked against this table.

/// A metric, or several with one meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricInfo {
    /// The names in the metrics file.
    pub names: &'static [&'static str],
    /// What the metric measures.
    pub meaning: &'static str,
    /// The items that it is a mean of.
    pub mean_over: &'static str,
    /// The runs that report it.
    pub reported_by: &'static str,
}

/// The metrics that runs log besides the loss.
pub const METRICS: &[MetricInfo] = &[
    MetricInfo {
        names: &["rewards/chosen", "rewards/rejected"],
        meaning: "β (log π − log π_ref); without a reference model β log π",
        mean_over: "pairs; completions with that label (KTO)",
        reported_by: "all",
    },
    MetricInfo {
        names: &["rewards/accuracies"],
        meaning: "fraction of pairs with a higher reward for the chosen completion",
        mean_over: "pairs",
        reported_by: "objectives on pairs",
    },
    MetricInfo {
        names: &["rewards/margins"],
        meaning: "chosen reward minus rejected reward",
        mean_over: "pairs; difference of the two means (KTO)",
        reported_by: "all",
    },
    MetricInfo {
        names: &["logps/chosen", "logps/rejected"],
        meaning: "log π as used in the loss (summed or per token), in nats",
        mean_over: "same as rewards",
        reported_by: "all",
    },
    MetricInfo {
        names: &["log_ratios/chosen", "log_ratios/rejected"],
        meaning: "log π − log π_ref, in nats",
        mean_over: "same as rewards",
        reported_by: "objectives with a reference model",
    },
    MetricInfo {
        names: &["likelihood_displacement"],
        meaning: "fraction of pairs whose chosen completion became less likely while the margin grew (arXiv:2410.08847)",
        mean_over: "pairs",
        reported_by: "DPO",
    },
    MetricInfo {
        names: &["logits/chosen", "logits/rejected"],
        meaning: "mean logit at the completion tokens; with CPO also at the prompt tokens",
        mean_over: "tokens; in training steps of CPO also padding",
        reported_by: "all",
    },
    MetricInfo {
        names: &["entropy"],
        meaning: "entropy of the next-token distribution at the completion tokens, in nats",
        mean_over: "tokens",
        reported_by: "objectives with a reference model, SFT, GRPO, RLOO",
    },
    MetricInfo {
        names: &["mean_token_accuracy"],
        meaning: "fraction of tokens of the chosen completions that are the policy's most probable token",
        mean_over: "tokens",
        reported_by: "DPO, SFT",
    },
    MetricInfo {
        names: &["perplexity"],
        meaning: "exp of the mean evaluation loss",
        mean_over: "tokens",
        reported_by: "SFT",
    },
    MetricInfo {
        names: &["accuracy"],
        meaning: "fraction of texts whose most probable class is the label; of pairs whose chosen text has the higher reward",
        mean_over: "rows; pairs",
        reported_by: "classification, reward models",
    },
    MetricInfo {
        names: &["margin"],
        meaning: "reward of the chosen text minus that of the rejected one",
        mean_over: "pairs",
        reported_by: "reward models",
    },
    MetricInfo {
        names: &["min_reward", "mean_reward", "max_reward"],
        meaning: "lowest, mean and highest reward of all chosen and rejected texts",
        mean_over: "pairs; lowest and highest of the batch or the evaluation",
        reported_by: "reward models",
    },
    MetricInfo {
        names: &["kl"],
        meaning: "the estimate of KL(policy ‖ reference): KTO's reference point, one number per batch; the penalty in GRPO's loss, without beta",
        mean_over: "rows (KTO); tokens (GRPO)",
        reported_by: "KTO, GRPO",
    },
    MetricInfo {
        names: &["clip_ratio/low_mean", "clip_ratio/high_mean", "clip_ratio/region_mean"],
        meaning: "fraction of ratios of new to old probabilities that the clip holds back: below the range with a negative advantage, above it with a positive one, both",
        mean_over: "tokens; completions for ratios of sequences",
        reported_by: "GRPO, RLOO",
    },
    MetricInfo {
        names: &["clip_ratio/low_min", "clip_ratio/high_max"],
        meaning: "lowest fraction below the range and highest fraction above it in a completion",
        mean_over: "lowest and highest of the batch or the evaluation",
        reported_by: "GRPO, RLOO",
    },
    MetricInfo {
        names: &["cispo_clip_ratio"],
        meaning: "fraction of ratios above CISPO's cap with a positive advantage",
        mean_over: "tokens; completions for ratios of sequences",
        reported_by: "GRPO with cispo",
    },
    MetricInfo {
        names: &["vespo/phi_seq_mean"],
        meaning: "VESPO's weight of a completion",
        mean_over: "completions",
        reported_by: "GRPO with vespo",
    },
    MetricInfo {
        names: &["delta"],
        meaning: "BCO's reward shift: the running mean of rewards",
        mean_over: "rows",
        reported_by: "BCO",
    },
    MetricInfo {
        names: &["nll_loss"],
        meaning: "negative log-likelihood of the chosen completions",
        mean_over: "tokens",
        reported_by: "CPO, ORPO",
    },
    MetricInfo {
        names: &["log_odds_ratio", "log_odds_chosen"],
        meaning: "ORPO's log σ of the log odds ratio, and the log odds ratio",
        mean_over: "pairs",
        reported_by: "ORPO",
    },
    MetricInfo {
        names: &["hidden_distance"],
        meaning: "squared distance between the hidden states of policy and reference model, divided by the hidden size, without its coefficient",
        mean_over: "tokens",
        reported_by: "runs with the option",
    },
    MetricInfo {
        names: &["beta", "weight_distance"],
        meaning: "the batch's β (β-DPO); the value of the weight-distance penalty",
        mean_over: "one number per step",
        reported_by: "runs with the option",
    },
    MetricInfo {
        names: &["reward", "reward_std"],
        meaning: "weighted sum of the judges' scores of the texts of a round; its standard deviation among the texts of a prompt",
        mean_over: "texts; prompts",
        reported_by: "on-policy runs",
    },
    MetricInfo {
        names: &["frac_reward_zero_std"],
        meaning: "fraction of prompts whose texts all have the same reward",
        mean_over: "prompts",
        reported_by: "on-policy runs",
    },
    MetricInfo {
        names: &["rewards/NAME/mean", "held_out/NAME/mean"],
        meaning: "score by the judge NAME; by the judge that does not train",
        mean_over: "texts",
        reported_by: "on-policy runs",
    },
    MetricInfo {
        names: &["objective/kl", "objective/entropy"],
        meaning: "estimates from the texts of a round: KL(policy ‖ reference) and the entropy of the policy, in nats per text",
        mean_over: "texts",
        reported_by: "on-policy runs with a reference model",
    },
    MetricInfo {
        names: &["completions/mean_length", "completions/clipped_ratio"],
        meaning: "tokens of a text; fraction of texts that the length limit cut off",
        mean_over: "texts",
        reported_by: "on-policy runs",
    },
    MetricInfo {
        names: &["round"],
        meaning: "the round of the step, counted from 1",
        mean_over: "one number per step",
        reported_by: "on-policy runs",
    },
];
