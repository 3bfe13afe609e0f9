//! Reward functions: scores of texts that a program can compute, for training with rewards and for the choice of texts.
//!
//! ```
//! use align_rewards::{RewardInput, RewardSpec, WeightedRewards};
//!
//! let specs = ["max-words:5", "keys=json-keys:answer,reason"];
//! let functions = specs.iter().map(|spec| spec.parse::<RewardSpec>()?.build(&Default::default()));
//! let mut rewards = WeightedRewards::new(functions.collect::<Result<_, _>>()?, Some(&[0.5, 1.0]))?;
//!
//! let texts = [r#"{"answer": 4, "reason": "2 + 2"}"#, "It is four."];
//! let inputs = texts.map(|completion| RewardInput::new("What is 2 + 2?", completion));
//! let table = rewards.score(&inputs)?;
//! assert_eq!(table.names(), ["max-words", "keys"]);
//! assert_eq!(table.combined(), [Some(1.0), Some(0.5)]); // the first has six words
//! # Ok::<(), align_rewards::Error>(())
//! ```
//!
//! * [`RewardFunction`] is what a reward function implements: [`RegexReward`], [`LengthReward`], [`JsonKeysReward`], [`CommandReward`], with the
//!   feature `json-schema` `JsonSchemaReward`, or a user's own.
//! * [`RewardSpec`] is a built-in function as text, for command lines and configurations.
//! * [`WeightedRewards`] applies several functions with weights, checks their results, and returns a [`RewardTable`].

mod command;
mod error;
mod json_keys;
#[cfg(feature = "json-schema")]
mod json_schema;
mod json_text;
mod length;
mod regex_reward;
mod reward_function;
mod reward_input;
mod reward_spec;
mod spec_kind;
mod weighted_rewards;

pub use command::{CommandOptions, CommandReward};
pub use error::{Error, Result};
pub use json_keys::JsonKeysReward;
#[cfg(feature = "json-schema")]
pub use json_schema::JsonSchemaReward;
pub use length::{LengthReward, LengthUnit};
pub use regex_reward::{RegexMatch, RegexReward};
pub use reward_function::RewardFunction;
pub use reward_input::RewardInput;
pub use reward_spec::RewardSpec;
pub use spec_kind::SpecKind;
pub use weighted_rewards::{RewardTable, WeightedRewards};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
