//! The headings of the options in `--help`.

use clap::Command;

/// The headings in their order, with the options of each in their order. One table for all commands: an option with a name has the same
/// purpose wherever it occurs, with the exceptions in [`EXCEPTIONS`].
const HEADINGS: &[(&str, &[&str])] = &[
    (
        "Model",
        &[
            "model",
            "models",
            "ref_model",
            "reward_model",
            "reward_funcs",
            "reward_timeout",
            "held_out_judge",
            "judge_batch_size",
            "adapter",
            "score",
            "judge",
            "embedder",
            "model_config",
            "vocab_size",
            "tokenizer",
            "resize_token_embeddings",
            "device",
            "reference_margins",
            "dtype",
            "matmul_precision",
            "nproc_per_node",
            "ddp_timeout",
        ],
    ),
    (
        "Data",
        &[
            "train_file",
            "eval_file",
            "dataset_name",
            "dataset_config",
            "dataset_train_split",
            "dataset_test_split",
            "metrics",
            "input",
            "files",
            "max_texts",
            "max_tokens",
            "prompt",
            "prompts",
            "messages",
            "chat",
            "system",
            "columns",
            "position_column",
            "sample_rows",
            "list_rows",
            "streaming",
            "token_cache",
            "pairs",
            "group_by",
            "texts_per_prompt",
            "training_texts_per_prompt",
            "strategy",
            "margin",
            "pairs_per_prompt",
            "aggregate",
            "judges",
            "judge_weights",
            "rules",
            "soup_steps",
            "min_agreement",
            "smoothing",
            "likes",
            "measure",
            "min_probability",
            "attention",
            "half_life",
            "as_of",
            "prior",
            "kto",
            "credible_level",
            "benchmark",
            "max_length",
            "strip_prompt",
            "invalid_rows",
            "truncation_mode",
            "assistant_only_loss",
            "append_eos",
            "packing",
            "packing_strategy",
            "shuffle_dataset",
            "completion_only_loss",
            "token_dropout",
        ],
    ),
    (
        "Rounds",
        &[
            "rounds",
            "prompts_per_round",
            "num_generations",
            "steps_per_round",
            "replay",
            "pair_selection",
            "target_reward",
            "target_kl",
            "max_kl",
            "held_out_patience",
        ],
    ),
    (
        "Loss",
        &[
            "loss",
            "single_loss",
            "loss_type",
            "loss_weights",
            "losses",
            "beta",
            "betas",
            "betas_for",
            "quick",
            "label_smoothing",
            "soft_labels",
            "odpo_alpha",
            "row_weights",
            "center_rewards_coefficient",
            "cpo_alpha",
            "simpo_gamma",
            "alpha",
            "slic_delta",
            "desirable_weight",
            "undesirable_weight",
            "epsilon",
            "epsilon_high",
            "delta",
            "importance_sampling_level",
            "use_bias_correction_kl",
            "off_policy_mask_threshold",
            "num_iterations",
            "scale_rewards",
            "reward_weights",
            "multi_objective_aggregation",
            "normalize_advantages",
            "reward_clip_range",
            "mask_truncated_completions",
            "sapo_temperature_neg",
            "sapo_temperature_pos",
            "vespo_k_pos",
            "vespo_lambda_pos",
            "vespo_k_neg",
            "vespo_lambda_neg",
            "f_divergence_type",
            "f_alpha_divergence_coef",
            "beta_dpo_alpha",
            "beta_dpo_momentum",
            "discopop_tau",
            "dpop_lambda",
            "length_alpha",
            "ld_alpha",
            "use_weighting",
            "sync_ref_model",
            "ref_model_mixup_alpha",
            "ref_model_sync_steps",
            "log_ratio_penalty",
            "log_ratio_penalty_coef",
            "weight_distance_coef",
            "hidden_distance_coef",
            "hidden_distance_layers",
        ],
    ),
    (
        "Optimisation",
        &[
            "learning_rate",
            "num_train_epochs",
            "max_steps",
            "per_device_train_batch_size",
            "gradient_accumulation_steps",
            "lr_scheduler_type",
            "warmup_steps",
            "warmup_ratio",
            "weight_decay",
            "adam_beta1",
            "adam_beta2",
            "adam_epsilon",
            "max_grad_norm",
            "disable_dropout",
            "train_sampling_strategy",
            "shuffle",
            "seed",
        ],
    ),
    (
        "Memory",
        &[
            "batch_size",
            "gradient_checkpointing",
            "zero_stage",
            "micro_batch_tokens",
            "prefix_sharing",
            "precompute_ref_log_probs",
            "ref_log_probs_dir",
            "skip_memory_check",
        ],
    ),
    (
        "LoRA",
        &[
            "use_peft",
            "lora_r",
            "lora_alpha",
            "lora_dropout",
            "lora_target_modules",
            "lora_modules_to_save",
            "use_rslora",
        ],
    ),
    (
        "Decoding",
        &[
            "do_sample",
            "num_beams",
            "num_return_sequences",
            "temperature",
            "top_k",
            "top_p",
            "min_p",
            "typical_p",
            "epsilon_cutoff",
            "eta_cutoff",
            "max_new_tokens",
            "min_new_tokens",
            "min_length",
            "text_length",
            "no_repeat_ngram_size",
            "repetition_penalty",
            "length_penalty",
            "early_stopping",
            "exponential_decay_length_penalty",
            "stop_strings",
            "eos_token_id",
            "forced_eos_token_id",
            "suppress_tokens",
            "begin_suppress_tokens",
            "bad_words_ids",
            "sequence_bias",
            "remove_invalid_values",
            "renormalize_logits",
        ],
    ),
    (
        "Evaluation",
        &[
            "eval_strategy",
            "eval_steps",
            "per_device_eval_batch_size",
            "eval_texts_per_prompt",
            "sample_prompts",
            "num_shown_prompts",
            "load_best_model_at_end",
            "metric_for_best_model",
            "greater_is_better",
            "early_stopping_patience",
            "early_stopping_threshold",
            "resamples",
            "level",
            "sample_texts",
            "sample_tokens",
            "projections",
            "permutations",
            "tree",
        ],
    ),
    ("Checkpoints", &["save_strategy", "save_steps", "save_total_limit", "resume", "allow_inexact_resume"]),
    ("Trackers", &["report_to", "run_name", "logging_dir", "watch", "watch_port"]),
    ("Hub", &["push_to_hub", "hub_model_id", "hub_private_repo"]),
    (
        "Output",
        &["output_dir", "output", "overwrite", "report", "token_logps", "stream", "logging_steps", "fail_on", "json"],
    ),
    ("General", &["config", "dry_run", "name", "shell", "help"]),
];

/// Options that stand under another heading in some commands: the command, the option and the heading.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("evaluate", "seed", "Evaluation"),
    ("audit", "seed", "Data"),
    ("compare", "seed", "Evaluation"),
    ("generate", "max_length", "Decoding"),
    ("generate", "seed", "Decoding"),
    ("judges", "seed", "Evaluation"),
    ("pair", "seed", "Data"),
    ("push-to-hub", "hub_model_id", "Output"),
    ("push-to-hub", "hub_private_repo", "Output"),
];

/// Assigns the headings, and sorts the options by heading.
pub fn assign(mut command: Command) -> Command {
    let name = command.get_name().to_owned();
    for (heading, ids) in HEADINGS {
        let exceptions =
            EXCEPTIONS.iter().filter(|(of, _, other)| *of == name && other == heading).map(|(_, id, _)| *id);
        let usual =
            ids.iter().copied().filter(|id| !EXCEPTIONS.iter().any(|(of, other, _)| *of == name && other == id));
        for (order, id) in usual.chain(exceptions).enumerate() {
            if command.get_arguments().any(|option| option.get_id() == id) {
                // `mut_arg` moves the option to the end, so the options get the order of the table.
                command = command.mut_arg(id, |option| option.help_heading(*heading).display_order(order));
            }
        }
    }
    command
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{EXCEPTIONS, HEADINGS};
    use crate::command_line;

    #[test]
    fn each_name_in_the_tables_is_an_option() {
        let program = command_line::command();
        for id in HEADINGS.iter().flat_map(|(_, ids)| *ids) {
            let is_known = program.get_subcommands().flat_map(|c| c.get_arguments()).any(|o| o.get_id() == id);
            assert!(is_known, "no command has an option {id}");
        }
        for (name, id, heading) in EXCEPTIONS {
            let command = program.find_subcommand(name).unwrap();
            assert!(command.get_arguments().any(|option| option.get_id() == id), "{name} has no option {id}");
            assert!(HEADINGS.iter().any(|(known, _)| known == heading), "there is no heading {heading}");
        }
    }
}
