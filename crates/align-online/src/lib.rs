//! On-policy preference optimisation in rounds.
//!
//! In each round the policy continues prompts as it stands, judges score the texts, and the policy takes some optimiser steps on them:
//! on pairs of the texts of a prompt with any loss of the DPO family (online DPO, arXiv:2402.04792) or of CPO's, or on all texts with their
//! advantages (GRPO, arXiv:2402.03300; RLOO, arXiv:2402.14740).
//!
//! [`rounds`] gives the training rows of a [`Run`](align_train::run::Run), which does the rest: checkpoints, resume, adapters, metrics and
//! report. A run that was stopped at any time and is resumed writes the same bytes as an undisturbed one.

mod beta_controller;
mod config;
mod error;
mod function_judge;
mod group_policy;
mod measures;
mod observer;
mod on_policy_objective;
mod pairs;
mod panel;
mod prompts;
mod record;
mod round_writer;
mod row_source;
mod schedule;
mod slots;
mod stopping;
mod texts;

pub use config::{PairSelection, RoundsConfig};
pub use error::{Error, Result};
pub use function_judge::FunctionJudge;
pub use observer::{OnRound, rounds};
pub use on_policy_objective::OnPolicyObjective;
pub use panel::{Panel, PanelJudge, Verdict};
pub use prompts::{RoundPrompt, RoundPrompts};
pub use record::{PhaseSeconds, RoundRecord};
pub use schedule::Schedule;
pub use texts::{JudgedText, TextGroup};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
