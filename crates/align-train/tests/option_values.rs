//! The training options as command-line options.
#![cfg(feature = "clap")]
#![allow(clippy::unwrap_used)]

use align_train::{ClassificationConfig, CpoConfig, DpoConfig, GrpoConfig, KtoConfig, RlooConfig, SftConfig};
use clap::{Args, Command, FromArgMatches};

/// Every listed value of every option is accepted: the names for clap and for serde are the same.
#[test]
fn every_possible_value_is_accepted() {
    let commands = [
        DpoConfig::augment_args(Command::new("dpo")),
        CpoConfig::augment_args(Command::new("cpo")),
        KtoConfig::augment_args(Command::new("kto")),
        GrpoConfig::augment_args(Command::new("grpo")),
        RlooConfig::augment_args(Command::new("rloo")),
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

/// Options that belong to the generation are no options of the loss.
#[test]
fn a_range_and_options_without_command_line() {
    let parse = |words: &[&str]| {
        let command = RlooConfig::augment_args(Command::new("rloo"));
        let matches = command.try_get_matches_from([&["program"], words].concat())?;
        RlooConfig::from_arg_matches(&matches)
    };
    let parsed = parse(&["--reward-clip-range=-1,2.5", "--reward-weights", "1,0.5", "--beta", "0"]).unwrap();
    let expected = RlooConfig {
        reward_clip_range: Some((-1.0, 2.5)),
        reward_weights: Some(vec![1.0, 0.5]),
        beta: 0.0,
        ..RlooConfig::default()
    };
    assert_eq!(RlooConfig { training: expected.training.clone(), ..parsed }, expected);
    for wrong in ["1", "a,b", "1,2,3"] {
        let problem = parse(&[&format!("--reward-clip-range={wrong}")]).unwrap_err().to_string();
        assert!(problem.contains("-1,1"), "{problem}");
    }
    for option in ["num_generations", "temperature", "max_completion_length"] {
        let command = GrpoConfig::augment_args(Command::new("grpo"));
        assert!(command.get_arguments().all(|argument| argument.get_id() != option), "{option}");
    }
}
