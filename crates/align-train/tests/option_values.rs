//! The training options as command-line options.
#![cfg(feature = "clap")]
#![allow(clippy::unwrap_used)]

use align_train::{ClassificationConfig, CpoConfig, DpoConfig, KtoConfig, SftConfig};
use clap::{Args, Command};

/// Every listed value of every option is accepted: the names for clap and for serde are the same.
#[test]
fn every_possible_value_is_accepted() {
    let commands = [
        DpoConfig::augment_args(Command::new("dpo")),
        CpoConfig::augment_args(Command::new("cpo")),
        KtoConfig::augment_args(Command::new("kto")),
        SftConfig::augment_args(Command::new("sft")),
        ClassificationConfig::augment_args(Command::new("classification")),
    ];
    for command in commands {
        for option in command.get_arguments().filter(|option| option.get_action().takes_values()) {
            for value in option.get_possible_values() {
                let given = format!("--{}={}", option.get_long().unwrap(), value.get_name());
                let parsed = command.clone().try_get_matches_from(["program", &given]);
                assert!(parsed.is_ok(), "{given}: {}", parsed.unwrap_err());
            }
        }
    }
    let error = DpoConfig::augment_args(Command::new("dpo")).try_get_matches_from(["dpo", "--loss-type=sigmiod"]);
    let message = error.unwrap_err().to_string();
    assert!(message.contains("hinge") && message.contains("'sigmoid'"), "{message}");
}
