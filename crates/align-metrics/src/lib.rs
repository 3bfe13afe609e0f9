//! Metrics of generated texts and of the policies that generated them, with confidence intervals.
//!
//! The inputs are token ids, scores, log-probabilities and weights as plain numbers:
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
//! | Question | Metric |
//! | --- | --- |
//! | How diverse are a model's texts? | [`token_entropy`], with bias correction [`miller_madow_entropy`] and [`chao_wang_jost_entropy`], on samples of equal size [`equal_samples_entropy`]; [`Diversity`]: distinct-n, repetition, lengths, unfinished texts |
//! | How far is a policy from its reference? | KL divergence [`SampledLogps`] (k1, k3) and [`rao_blackwell_kl`]; weights [`WeightDistance`]; hidden states [`linear_cka`], [`debiased_linear_cka`] and [`LinearPredictivity`] |
//! | How far are the next-token distributions of two models? | [`kl_divergence`], [`jensen_shannon_divergence`], [`total_variation_distance`] |
//! | Do the texts of two models differ? | [`Mmd`], [`EnergyDistance`] and [`SlicedWasserstein`] of embeddings, each with a [`PermutationTest`] |
//! | Which models are near each other? | [`average_linkage`] |
//! | Which of two models is better? | [`PairedComparison`] on equal prompts; with a correction for several comparisons, [`holm_adjusted`] |
//! | Which models have the best trade-off between reward and divergence? | [`pareto_front`], [`hypervolume`], for curves [`leading_curves`] and [`curve_mean_weights`] |
//! | Do two scorers agree? | [`spearman`], [`sign_agreement`], [`roc_auc`] |
//! | Do several judges agree, and what do voting rules make of their scores? | [`JudgeAgreement`] |
//! | How accurate is a value? | [`Bootstrap`] intervals of any statistic, of a share [`Proportion`], [`SampleMean`] with standard errors clustered by [`Clusters`] of texts that share a prompt |
//!
//! Sums have a fixed order, and sums over texts are compensated, so results are identical on every run and machine.

mod agreement;
mod average_linkage;
mod bootstrap;
mod chao_wang_jost;
mod checks;
mod cka;
mod clusters;
mod compensated_sum;
mod curve_mean;
mod distribution_divergence;
mod diversity;
mod energy_distance;
mod entropy;
mod equal_samples;
mod error;
mod holm;
mod hypervolume;
mod judge_agreement;
mod leading_curves;
mod linear_predictivity;
mod mean;
mod mmd;
mod notebook_entropy;
mod paired;
mod pairwise;
mod pairwise_distances;
mod pareto;
mod permutation_test;
mod proportion;
mod report;
mod sample_mean;
mod samples;
mod sequence_kl;
mod sliced_wasserstein;
mod text_sets;
mod token_counts;
mod weight_distance;

pub use agreement::{roc_auc, sign_agreement, spearman};
pub use average_linkage::{Merge, average_linkage};
pub use bootstrap::{Bootstrap, Interval};
pub use chao_wang_jost::chao_wang_jost_entropy;
pub use cka::{debiased_linear_cka, linear_cka};
pub use clusters::Clusters;
pub use curve_mean::curve_mean_weights;
pub use distribution_divergence::{jensen_shannon_divergence, kl_divergence, total_variation_distance};
pub use diversity::{Diversity, NgramDiversity};
pub use energy_distance::EnergyDistance;
pub use entropy::{miller_madow_entropy, token_entropy};
pub use equal_samples::{EqualSamples, equal_samples, equal_samples_entropy};
pub use error::{Error, Result};
pub use holm::holm_adjusted;
pub use hypervolume::hypervolume;
pub use judge_agreement::{Cycle, DominatedText, JudgeAgreement, JudgeTau, PromptMean, RuleChoices, SameChoices};
pub use leading_curves::{CurvePoint, LeadingCurve, leading_curves};
pub use linear_predictivity::{LinearPredictivity, LinearPredictor};
pub use mean::mean;
pub use mmd::Mmd;
pub use notebook_entropy::notebook_entropy;
pub use paired::PairedComparison;
pub use pairwise_distances::{PairwiseDistances, median_distance};
pub use pareto::{Direction, pareto_front};
pub use permutation_test::PermutationTest;
pub use proportion::Proportion;
pub use report::{Estimate, EvaluationReport};
pub use sample_mean::SampleMean;
pub use samples::Samples;
pub use sequence_kl::{SampledLogps, rao_blackwell_kl};
pub use sliced_wasserstein::SlicedWasserstein;
pub use text_sets::{TextSet, TextSetMetrics, common_ngrams, common_sample};
pub use weight_distance::{Distance, DistanceSums, TensorDistance, WeightDistance};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
