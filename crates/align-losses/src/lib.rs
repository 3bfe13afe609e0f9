//! Preference losses as functions of log-probabilities.
//!
//! The crate does not depend on models. Any trainer that has the log-probabilities of chosen and rejected completions under a
//! policy and a reference model can use it:
//!
//! ```
//! use {align_losses::{DpoLoss, DpoOptions, Pair, PairLogps, PairLoss}, tch::Tensor};
//! let policy = Pair { chosen: Tensor::from_slice(&[-12.0f32]), rejected: Tensor::from_slice(&[-15.0f32]) };
//! let reference = Pair { chosen: Tensor::from_slice(&[-13.0f32]), rejected: Tensor::from_slice(&[-14.0f32]) };
//! let dpo = DpoLoss::new(DpoOptions { beta: 0.1, ..DpoOptions::default() })?;
//! let loss = dpo.evaluate(&PairLogps::new(&policy, &reference)?)?;
//! assert!((loss.losses.double_value(&[0]) - 0.598_139).abs() < 1e-6); // -log sigmoid(0.1 * (1 - -1))
//! # Ok::<(), align_losses::Error>(())
//! ```
//!
//! Most losses on pairs are compositions, which [`MarginLoss`] implements: log-ratios `h = log π - log π_ref`, the score of each under a
//! [`Divergence`], the margin between the scores (plain, [`length_regularised`], or between scores per token), and a [`SurrogateLoss`] of the
//! margin. A custom divergence or surrogate loss takes about ten lines. Each formula is also a function:
//!
//! | function of | losses |
//! | --- | --- |
//! | the margin | [`sigmoid`], [`conservative_sigmoid`], [`hinge`], [`ipo_sum`], [`robust`], [`exo_pair`], [`discopop`], [`squared`], [`exponential`], [`truncated_quadratic`], [`savage`] |
//! | the margin per token | [`ipo`], [`sigmoid_norm`] |
//! | each log-ratio | [`nca_pair`], [`bco_pair`], [`sppo_hard`], [`apo_zero`], [`apo_down`], [`cal_dpo`], [`dpop`] |
//! | the batch | [`aot`], [`aot_unpaired`], [`sft`] |
//! | the distribution at each token | [`tdpo1`], [`tdpo2`] |
//! | the policy only | [`cpo`], [`simpo`], [`alpha_po`], [`orpo_odds_ratio`], [`slic_hf`] |
//! | single completions | [`kto`], [`bco`], [`apo_zero_unpaired`] |
//! | the tokens of groups of completions | [`GrpoLoss`], [`RlooLoss`], with [`grpo_advantages`] and [`rloo_advantages`] |
//! | the rewards of a reward model | [`bradley_terry`], [`soft_bradley_terry`], with [`reward_centering`] |
//!
//! Each loss is a file with its name in the folder of its family (`dpo`, `cpo`, `kto`), with formula, derivative, paper and options.
//! [`DpoLoss`] selects the losses of the first four rows by name, [`CpoLossType`] and [`KtoLossType`] those of the last two. Every
//! [`PairLoss`] has gradients and the same diagnostics ([`LossOutput`]), can be part of a [`WeightedSum`] or have a [`Penalty`]
//! ([`Penalised`]), and supports weights of pairs ([`wpo_weights`]). [`AdaptiveBeta`] sets `beta` for each batch.
//!
//! GRPO and RLOO are policy gradients on completions that the policy has generated: rewards ([`GroupRewards`]) become advantages, and a
//! [`GroupPolicyLoss`] takes these with the log-probabilities of single tokens ([`PolicyTokens`]). [`GrpoLossType`] lists the variants.
//!
//! [`hidden_distance`] compares the hidden states of two models.
//!
//! Pairs may have numbers of their own: the probability that the chosen completion is the better one ([`SoftLabels`]), the difference of the
//! two scores ([`odpo_offset`]) and a weight ([`PairLogps::with_weights`]).
//!
//! Log-probabilities are computed from logits ([`token_logps`], [`sequence_logps`]) or directly from hidden states
//! ([`differentiable_logps`], [`LinearLogps`]), which needs neither the logits of a whole batch nor their graph.

mod adaptive_beta;
mod bradley_terry;
mod check;
mod cpo;
mod divergence;
mod dpo;
mod error;
mod group_policy;
mod hidden_distance;
mod implicit_rewards;
mod kto;
mod length;
mod linear_logps;
mod logps;
mod loss_info;
mod loss_output;
mod margin_loss;
mod mean;
mod odpo;
mod pair;
mod pair_logps;
mod pair_loss;
mod penalty;
mod soft_labels;
mod surrogate_loss;
mod tdpo;
mod weighted_sum;
mod wpo;

pub use adaptive_beta::AdaptiveBeta;
pub use bradley_terry::{bradley_terry, reward_centering, soft_bradley_terry};
pub use cpo::*;
pub use divergence::{Divergence, FDivergence};
pub use dpo::*;
pub use error::{Error, Result};
pub use group_policy::*;
pub use hidden_distance::hidden_distance;
pub use implicit_rewards::ImplicitRewards;
pub use kto::*;
pub use length::length_regularised;
pub use linear_logps::{
    LinearHead, LinearLogps, LinearLogpsOptions, LogpsGradient, TokenStatistics, differentiable_logps, linear_logps,
};
pub use logps::{sequence_logps, shift_labels, shift_logits, token_logps};
pub use loss_info::{LossInfo, LossOption, Method};
pub use loss_output::LossOutput;
pub use margin_loss::MarginLoss;
pub use mean::{Mean, Over};
pub use odpo::odpo_offset;
pub use pair::Pair;
pub use pair_logps::PairLogps;
pub use pair_loss::PairLoss;
pub use penalty::{LogRatioPenalty, Penalised, Penalty};
pub use soft_labels::SoftLabels;
pub use surrogate_loss::SurrogateLoss;
pub use tdpo::{tdpo1, tdpo2, token_forward_kl};
pub use weighted_sum::WeightedSum;
pub use wpo::wpo_weights;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
