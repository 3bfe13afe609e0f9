//! What generated texts, and the policies that wrote them, are judged and compared by, and how sure one can be.
//!
//! The crate takes token ids, scores, log-probabilities and weights as plain numbers, wherever they come from:
//!
//! ```
//! use align_metrics::{Bootstrap, EvaluationReport};
//! let texts = [vec![1i64, 2, 2, 3], vec![2, 4], vec![1, 1, 5]];
//! let report = EvaluationReport::of(&texts, None, Some(&[0.5, -1.0, 2.0]), &Bootstrap::default())?;
//! assert_eq!((report.rows, report.tokens), (3, 9));
//! assert_eq!(report.mean_reward.map(|mean| mean.value), Some(0.5));
//! # Ok::<(), align_metrics::Error>(())
//! ```
//!
//! | question | answer |
//! | --- | --- |
//! | how varied are a model's texts? | [`token_entropy`], corrected for the sample's size by [`miller_madow_entropy`] and [`chao_wang_jost_entropy`], or on [`equal_samples_entropy`]; [`Diversity`]: distinct-n, repetition, lengths, texts without an end |
//! | how far is a policy from its reference? | [`SampledLogps`] (k1, k3) and [`rao_blackwell_kl`] in distribution, [`WeightDistance`] in weights, [`linear_cka`] and [`debiased_linear_cka`] in hidden states |
//! | which of two models is better? | [`PairedComparison`] on equal prompts; of several such questions, [`holm_adjusted`] |
//! | which of many trades reward for divergence best? | [`pareto_front`], [`hypervolume`], [`leads`] and [`mean_height_weights`] of curves |
//! | do two scorers agree? | [`spearman`], [`sign_agreement`], [`roc_auc`] |
//! | how sure is a number? | [`Bootstrap`] intervals of any statistic, [`SampleMean`] with standard errors by [`Clusters`] of texts that share a prompt |
//!
//! Sums are in a fixed order, and compensated where they run over texts, so a number is the same on every run and machine.

mod agreement;
mod bootstrap;
mod chao_wang_jost;
mod checks;
mod cka;
mod clusters;
mod curves;
mod diversity;
mod entropy;
mod equal_samples;
mod error;
mod holm;
mod mean;
mod mean_height;
mod notebook_entropy;
mod paired;
mod pareto;
mod report;
mod sample_mean;
mod sequence_kl;
mod sum;
mod text_sets;
mod token_counts;
mod weight_distance;

pub use agreement::{roc_auc, sign_agreement, spearman};
pub use bootstrap::{Bootstrap, Interval};
pub use chao_wang_jost::chao_wang_jost_entropy;
pub use cka::{debiased_linear_cka, linear_cka};
pub use clusters::Clusters;
pub use curves::{CurvePoint, Lead, leads};
pub use diversity::{Diversity, NgramDiversity};
pub use entropy::{miller_madow_entropy, token_entropy};
pub use equal_samples::{EqualSamples, equal_samples, equal_samples_entropy};
pub use error::{Error, Result};
pub use holm::holm_adjusted;
pub use mean::mean;
pub use mean_height::mean_height_weights;
pub use notebook_entropy::notebook_entropy;
pub use paired::PairedComparison;
pub use pareto::{Direction, hypervolume, pareto_front};
pub use report::{Estimate, EvaluationReport};
pub use sample_mean::SampleMean;
pub use sequence_kl::{SampledLogps, rao_blackwell_kl};
pub use text_sets::{ComparedTexts, TextSet, common_ngrams, common_sample};
pub use weight_distance::{Distance, TensorDistance, WeightDistance};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
