//! Options of all training commands that some of them always refuse. Their help does not show them.

use clap::Command;

/// Commands, and the options that they refuse: training in rounds has no held-out rows, and the rounds set the number of steps.
const UNUSABLE: (&[&str], &[&str]) = (
    &["online-dpo", "grpo", "rloo"],
    &[
        "eval_strategy",
        "eval_steps",
        "per_device_eval_batch_size",
        "load_best_model_at_end",
        "metric_for_best_model",
        "greater_is_better",
        "early_stopping_patience",
        "early_stopping_threshold",
        "max_steps",
        "num_train_epochs",
        "train_sampling_strategy",
        "nproc_per_node",
        "dry_run",
    ],
);

/// Hides the options that a command refuses.
pub fn hide(command: Command) -> Command {
    let (commands, options) = UNUSABLE;
    match commands.contains(&command.get_name()) {
        true => command.mut_args(|option| {
            let refused = options.iter().any(|name| option.get_id() == name);
            if refused { option.hide(true) } else { option }
        }),
        false => command,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::UNUSABLE;
    use crate::command_line;

    #[test]
    fn each_option_is_one_of_the_command() {
        let (commands, options) = UNUSABLE;
        let program = command_line::command();
        for name in commands {
            let command = program.find_subcommand(name).unwrap();
            for option in options {
                assert!(command.get_arguments().any(|found| found.get_id() == option), "{name} {option}");
            }
        }
    }
}
