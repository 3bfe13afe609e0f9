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
//! each, and one of three kinds of function:
//!
//! - of the margin between the two scores: [`sigmoid`], [`conservative_sigmoid`], [`robust`], [`exo_pair`], [`hinge`],
//!   [`ipo_sum`], [`discopop`], and divided by lengths [`ipo`] and [`sigmoid_norm`];
//! - of each side by itself: [`nca_pair`], [`bco_pair`], [`sppo_hard`], [`apo_zero`], [`apo_down`];
//! - of the batch as two distributions: [`aot`], [`aot_unpaired`].
//!
//! Without a reference there are [`cpo`], [`simpo`], [`orpo_odds_ratio`] and [`slic_hf`]; for single completions that people
//! liked or did not, [`kto`].
//!
//! Log-probabilities come from logits ([`token_logps`], [`sequence_logps`]), or straight from hidden states
//! ([`LinearLogps`]), which never holds the logits of a whole batch nor their graph.

mod absolute;
mod check;
mod discopop;
mod divergence;
mod dpo;
mod error;
mod kto;
mod length_normalised;
mod linear_logps;
mod logps;
mod loss_type;
mod noisy;
mod pair;
mod preference;
mod reference_free;
mod transport;

pub use absolute::{apo_down, apo_zero, bco_pair, nca_pair, sppo_hard};
pub use discopop::discopop;
pub use divergence::FDivergence;
pub use dpo::{DpoLoss, PreferenceLoss};
pub use error::{Error, Result};
pub use kto::{KtoOptions, kto, kto_kl};
pub use length_normalised::{ipo, sigmoid_norm};
pub use linear_logps::{LinearLogps, LinearLogpsOptions, LogpsGradient, TokenStatistics, linear_logps};
pub use logps::{predicted, predicting, sequence_logps, token_logps};
pub use loss_type::LossType;
pub use noisy::{exo_pair, robust};
pub use pair::Pair;
pub use preference::{conservative_sigmoid, hinge, ipo_sum, sigmoid};
pub use reference_free::{cpo, orpo_odds_ratio, simpo, slic_hf};
pub use transport::{aot, aot_unpaired};
