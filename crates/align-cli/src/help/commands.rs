//! The list of commands in `align -h`, by purpose.

use clap::builder::StyledStr;
use std::fmt::Write;

/// The commands with a summary of each, which fits 80 columns.
const COMMANDS: &[(&str, &[(&str, &str)])] = &[
    (
        "Train",
        &[
            ("dpo", "on preference pairs: DPO and 21 related losses"),
            ("online-dpo", "on its own texts, which judges score: rounds of DPO"),
            ("grpo", "on its own texts, with rewards: GRPO, DAPO, Dr. GRPO, ..."),
            ("rloo", "on its own texts, with rewards: REINFORCE leave-one-out"),
            ("cpo", "on pairs, without a reference model: CPO, SimPO, ORPO, ..."),
            ("kto", "on completions labelled good or bad: KTO, BCO, APO-zero"),
            ("sft", "on texts: fine-tune a model, or train a new one"),
            ("reward", "on preference pairs: a reward model"),
            ("train-classifier", "on labelled texts: a DistilBERT classifier"),
        ],
    ),
    (
        "Generate and score",
        &[
            ("generate", "continue prompts with a language model"),
            ("chat", "talk with a chat model in the terminal"),
            ("classify", "score texts with a classifier or reward model"),
            ("pair", "make preference pairs from scores, several judges or likes"),
            ("logps", "compute the log-probabilities of completions"),
        ],
    ),
    (
        "Compare",
        &[
            ("evaluate", "measure entropy and mean reward of texts; compare files"),
            ("audit", "find what is wrong with preference data before a run"),
            ("judges", "show how far several judges agree; compare voting rules"),
            ("compare", "measure how far models are apart: weights, states, texts"),
            ("frontier", "train with several losses and betas, and plot the results"),
            ("notebook", "run the whole pipeline with one loss, and compare"),
        ],
    ),
    (
        "Models",
        &[
            ("convert", "save a model in another dtype, or as a GGUF file"),
            ("merge-adapter", "merge a LoRA adapter into its model"),
            ("soup", "average models that were aligned with different rewards"),
            ("push-to-hub", "upload a model to the Hugging Face hub"),
        ],
    ),
    (
        "Help",
        &[
            ("losses", "list the losses, or explain one"),
            ("metrics", "list the metrics that training logs"),
            ("completions", "print a completion script for your shell"),
            ("man", "print the manual page, or write those of all commands"),
            ("help", "print the options of a command: align help COMMAND"),
        ],
    ),
];

/// The list, with headings in the style of other headings.
pub fn list(header: clap::builder::styling::Style, literal: clap::builder::styling::Style) -> StyledStr {
    let names = COMMANDS.iter().flat_map(|(_, commands)| commands.iter());
    let width = names.map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut list = StyledStr::new();
    for (index, (group, commands)) in COMMANDS.iter().enumerate() {
        let blank = if index == 0 { "" } else { "\n" };
        writeln!(list, "{blank}{header}{group}:{header:#}").ok();
        for (name, summary) in *commands {
            writeln!(list, "  {literal}{name:width$}{literal:#}  {summary}").ok();
        }
    }
    list
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::CommandFactory;
    use std::collections::BTreeSet;

    #[test]
    fn every_command_is_listed_once() {
        let listed: Vec<&str> =
            COMMANDS.iter().flat_map(|(_, commands)| commands.iter().map(|(name, _)| *name)).collect();
        let known: BTreeSet<String> =
            crate::command_line::CommandLine::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
        let expected: BTreeSet<String> = known.into_iter().chain(["help".to_owned()]).collect();
        assert_eq!(listed.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), expected);
        assert_eq!(listed.len(), expected.len());
    }
}
