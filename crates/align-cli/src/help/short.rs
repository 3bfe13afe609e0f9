//! Which options `-h` shows. `--help` shows all.

use clap::Command;

/// The options that `-h` shows for commands with many options. Other commands show all.
const IMPORTANT: &[(&[&str], &[&str])] = &[
    (
        &["dpo", "cpo", "kto"],
        &[
            "model",
            "train_file",
            "eval_file",
            "columns",
            "loss_type",
            "beta",
            "learning_rate",
            "num_train_epochs",
            "per_device_train_batch_size",
            "use_peft",
            "resume",
            "output_dir",
        ],
    ),
    (
        &["online-dpo", "grpo", "rloo"],
        &[
            "model",
            "prompts",
            "messages",
            "reward_funcs",
            "judge",
            "rounds",
            "prompts_per_round",
            "num_generations",
            "max_new_tokens",
            "beta",
            "learning_rate",
            "per_device_train_batch_size",
            "use_peft",
            "resume",
            "output_dir",
        ],
    ),
    (
        &["sft"],
        &[
            "model",
            "train_file",
            "eval_file",
            "max_length",
            "packing",
            "learning_rate",
            "num_train_epochs",
            "per_device_train_batch_size",
            "eval_strategy",
            "resume",
            "output_dir",
        ],
    ),
    (
        &["train-classifier"],
        &[
            "model",
            "train_file",
            "eval_file",
            "max_length",
            "learning_rate",
            "num_train_epochs",
            "per_device_train_batch_size",
            "eval_strategy",
            "resume",
            "output_dir",
        ],
    ),
    (
        &["reward"],
        &[
            "model",
            "train_file",
            "eval_file",
            "columns",
            "center_rewards_coefficient",
            "learning_rate",
            "num_train_epochs",
            "per_device_train_batch_size",
            "use_peft",
            "resume",
            "output_dir",
        ],
    ),
    (
        &["generate"],
        &[
            "model",
            "prompt",
            "prompts",
            "messages",
            "texts_per_prompt",
            "do_sample",
            "num_beams",
            "temperature",
            "top_p",
            "max_new_tokens",
            "stream",
            "output",
        ],
    ),
    (&["evaluate"], &["model", "tokenizer", "input", "output"]),
    (
        &["compare"],
        &[
            "models",
            "judge",
            "embedder",
            "metrics",
            "input",
            "prompts",
            "texts_per_prompt",
            "max_new_tokens",
            "output_dir",
            "json",
        ],
    ),
    (
        &["frontier"],
        &[
            "model",
            "reward_model",
            "judge",
            "losses",
            "betas",
            "quick",
            "learning_rate",
            "num_train_epochs",
            "output_dir",
        ],
    ),
    (
        &["notebook"],
        &[
            "model",
            "reward_model",
            "train_file",
            "loss",
            "single_loss",
            "beta",
            "learning_rate",
            "num_train_epochs",
            "report",
            "output_dir",
        ],
    ),
];

/// Hides all other options from `-h`, and returns how many.
pub fn hide_others(command: Command) -> (Command, usize) {
    let named = IMPORTANT.iter().find(|(names, _)| names.contains(&command.get_name()));
    let Some((_, important)) = named else { return (command, 0) };
    let mut hidden = 0;
    let command = command.mut_args(|option| {
        let shown = important.iter().any(|id| option.get_id() == id) || option.get_id() == "help";
        hidden += usize::from(!shown && !option.is_hide_set());
        option.hide_short_help(!shown)
    });
    (command, hidden)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::IMPORTANT;
    use crate::command_line;

    #[test]
    fn each_important_option_is_one_of_the_command() {
        let program = command_line::command();
        for (names, ids) in IMPORTANT {
            for name in *names {
                let command = program.find_subcommand(name).unwrap();
                for id in *ids {
                    let is_known = command.get_arguments().any(|option| option.get_id() == id);
                    assert!(is_known, "{name} has no option {id}");
                }
            }
        }
    }
}
