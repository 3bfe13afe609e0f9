//! Replaces the numbers in the pages' commands with smaller ones, so that the tests are fast.

/// Command, option, and the value that replaces the one of the page.
const REPLACED: &[(&str, &str, &str)] = &[
    ("generate", "--texts-per-prompt", "2"),
    ("generate", "--min-length", "12"),
    ("generate", "--max-length", "12"),
    ("generate", "--max-new-tokens", "4"),
    ("online-dpo", "--rounds", "2"),
    ("online-dpo", "--prompts-per-round", "2"),
    ("online-dpo", "--max-new-tokens", "8"),
    ("grpo", "--rounds", "2"),
    ("grpo", "--prompts-per-round", "2"),
    ("grpo", "--max-new-tokens", "8"),
    ("compare", "--texts-per-prompt", "1"),
    ("pair", "--pairs-per-prompt", "2"),
    ("dpo", "--eval-steps", "1"),
    ("dpo", "--save-steps", "1"),
    ("sft", "--vocab-size", "300"),
    ("sft", "--max-length", "32"),
    ("frontier", "--losses", "sigmoid,sigmoid+js_divergence"),
    ("frontier", "--betas", "0.1"),
    ("frontier", "--betas-for", "sigmoid=1"),
    ("frontier", "--texts-per-prompt", "1"),
];

/// Command, option, and the value that is added unless the command has the option.
const ADDED: &[(&str, &str, &str)] = &[
    ("generate", "--max-new-tokens", "4"),
    ("dpo", "--max-steps", "2"),
    ("dpo", "--per-device-train-batch-size", "2"),
    ("online-dpo", "--rounds", "2"),
    ("online-dpo", "--prompts-per-round", "2"),
    ("online-dpo", "--max-new-tokens", "8"),
    ("grpo", "--rounds", "2"),
    ("grpo", "--prompts-per-round", "2"),
    ("grpo", "--max-new-tokens", "8"),
    ("rloo", "--rounds", "2"),
    ("rloo", "--prompts-per-round", "2"),
    ("rloo", "--max-new-tokens", "8"),
    ("cpo", "--max-steps", "2"),
    ("cpo", "--per-device-train-batch-size", "2"),
    ("kto", "--max-steps", "2"),
    ("kto", "--per-device-train-batch-size", "2"),
    ("sft", "--max-steps", "2"),
    ("sft", "--per-device-train-batch-size", "2"),
    ("reward", "--max-steps", "2"),
    ("reward", "--per-device-train-batch-size", "2"),
    ("train-classifier", "--max-steps", "2"),
    ("notebook", "--texts-per-prompt", "2"),
    ("notebook", "--eval-texts-per-prompt", "1"),
    ("notebook", "--text-length", "12"),
    ("notebook", "--num-beams", "2"),
    ("notebook", "--num-train-epochs", "0.1"),
    ("frontier", "--betas", "0.1"),
    ("frontier", "--texts-per-prompt", "1"),
    ("frontier", "--training-texts-per-prompt", "3"),
    ("frontier", "--pairs-per-prompt", "1"),
    ("frontier", "--max-new-tokens", "4"),
    ("frontier", "--num-train-epochs", "0.5"),
];

/// Options that cannot be combined: the first is not added if the second is given.
const EXCLUSIVE: &[(&str, &str)] =
    &[("--max-new-tokens", "--max-length"), ("--max-steps", "--num-train-epochs"), ("--betas", "--quick")];

/// The arguments with small numbers.
pub fn apply(command: &str, args: &[String]) -> Vec<String> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h" || arg == "--resume") {
        return args.to_vec();
    }
    let mut small = args.to_vec();
    for index in 1..small.len() {
        let matches = |(name, option, _): &&(&str, &str, &str)| *name == command && small[index - 1] == *option;
        if let Some((.., value)) = REPLACED.iter().find(matches) {
            small[index] = (*value).to_owned();
        }
    }
    for (_, option, value) in ADDED.iter().filter(|(name, ..)| *name == command) {
        let excluded = EXCLUSIVE.iter().any(|(one, other)| one == option && args.iter().any(|arg| arg == other));
        if !excluded && !args.iter().any(|arg| arg == option) {
            small.extend([(*option).to_owned(), (*value).to_owned()]);
        }
    }
    small
}
