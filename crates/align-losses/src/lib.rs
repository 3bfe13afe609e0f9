//! Preference losses as pure functions of log-probabilities.
//!
//! The crate knows tensors only. Whoever has the log-probabilities that a policy and a reference give to chosen and
//! rejected completions can use it in any trainer:
//!
//! ```
//! use align_losses::{DpoLoss, FDivergence, LossType, Pair};
//! use tch::Tensor;
//! let policy = Pair { chosen: Tensor::from_slice(&[-12.0f32]), rejected: Tensor::from_slice(&[-15.0f32]) };
//! let reference = Pair { chosen: Tensor::from_slice(&[-13.0f32]), rejected: Tensor::from_slice(&[-14.0f32]) };
//! let dpo = DpoLoss::new(LossType::Sigmoid, 0.1, 0.0, FDivergence::ReverseKl)?;
//! let loss = dpo.evaluate(&policy, &reference, None)?;
//! assert!((loss.losses.double_value(&[0]) - 0.598_139).abs() < 1e-6); // -log sigmoid(0.1 * (1 - -1))
//! # Ok::<(), align_losses::Error>(())
//! ```
//!
//! A loss is put together from parts that stand alone: log-ratios `h = log π - log π_ref`, an [`FDivergence`]'s score of
//! each, and a link on the margin between the two scores ([`sigmoid`], [`conservative_sigmoid`], [`hinge`], [`ipo`],
//! [`ipo_sum`]).
//!
//! Log-probabilities come from logits ([`token_logps`], [`sequence_logps`]), or straight from hidden states
//! ([`LinearLogps`]), which never holds the logits of a whole batch nor their graph.

mod check;
mod divergence;
mod dpo;
mod error;
mod linear_logps;
mod logps;
mod loss_type;
mod pair;
mod preference;

pub use divergence::FDivergence;
pub use dpo::{DpoLoss, PreferenceLoss};
pub use error::{Error, Result};
pub use linear_logps::{LinearLogps, LinearLogpsOptions, LogpsGradient, TokenStatistics, linear_logps};
pub use logps::{predicted, predicting, sequence_logps, token_logps};
pub use loss_type::LossType;
pub use pair::Pair;
pub use preference::{conservative_sigmoid, hinge, ipo, ipo_sum, sigmoid};
