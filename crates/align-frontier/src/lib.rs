//! Sweeps over losses and betas: frontiers of reward against divergence from the reference, and against entropy.
//!
//! Each [`Point`] is a training run from the same weights on the same pairs, and an evaluation on the same prompts and
//! random numbers. [`run_sweep`] runs all points with a [`SweepFolder`]: an interrupted sweep continues where it stopped
//! and gives the same numbers. [`csv`], [`Findings`], [`figures`] and [`report`] present the finished [`Sweep`].
//!
//! A [`JudgeSweep`] compares rules of social choice: [`run_judge_sweep`] trains policies on the preferences of several judges, combined by
//! each rule, and [`JudgeFindings`] and [`write_judge_outputs`] present the frontier between the judges.
//!
//! [`judge_agreement_tables`] presents how far judges agree about texts.
//!
//! [`compare_policies`] compares trained policies with the model before training, on generated texts.
//!
//! [`policy_distances`] measures how far any number of policies of one family are apart: by weights, hidden states, next-token
//! distributions and texts.
//!
//! [`PolicyEvaluator`] evaluates policies for other comparisons, and [`token_divergences`] computes the exact divergence
//! of two models along given texts:
//!
//! ```
//! use align_frontier::token_divergences;
//! use align_models::Gpt2;
//! use align_inference::PromptCompletion;
//! use tch::{Device, Kind};
//!
//! # let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/data/models/gpt2-tiny"));
//! let policy = Gpt2::from_pretrained(folder, Kind::Float, Device::Cpu)?;
//! let reference = Gpt2::from_pretrained(folder, Kind::BFloat16, Device::Cpu)?;
//! let text = PromptCompletion { prompt_ids: &[5, 3], completion_ids: &[8, 2, 9] };
//! let found = token_divergences(&policy, &reference, &[text], 8)?;
//! // Rounding to bfloat16 causes only a small divergence.
//! assert!(found[0].token_kls.iter().all(|kl| kl.abs() < 0.1));
//! # Ok::<(), align_frontier::Error>(())
//! ```

mod along_completions;
mod comparison;
mod curve_comparison;
mod error;
mod figures;
mod findings;
mod group_by_loss;
mod judge_agreement_tables;
mod judge_sweep;
mod leading_loss;
mod loss_setting;
mod mean_over_prompts;
mod point;
mod policy_comparison;
mod policy_distances;
mod policy_evaluator;
mod report;
mod report_tables;
mod sample;
mod shared_stages;
mod statements;
mod sweep;
mod sweep_csv;
mod sweep_folder;
mod token_divergence;
mod train_policy;
mod training_pairs;
mod write_outputs;

pub use comparison::Comparison;
pub use curve_comparison::CurveComparison;
pub use error::{Error, Result};
pub use figures::{Figures, figures};
pub use findings::Findings;
pub use judge_agreement_tables::judge_agreement_tables;
pub use judge_sweep::{
    Hypervolume, JudgeFigures, JudgeFindings, JudgeSweep, JudgeSweepModels, JudgeSweepOptions, JudgeSweepProgress,
    JudgedPolicy, JudgedSample, PolicyKind, RuleComparison, hypervolume_table, judge_csv, judge_figures, judge_report,
    judge_results_table, run_judge_sweep, write_judge_outputs,
};
pub use leading_loss::{FrontierMeasure, LeadingLoss};
pub use loss_setting::LossSetting;
pub use point::{Point, points};
pub use policy_comparison::{
    ComparedPolicy, ComparisonOptions, NamedPolicy, PolicyComparison, PolicyPair, TrainedPolicy, compare_policies,
};
pub use policy_distances::{
    AlongTexts, DistanceOptions, DistancesContext, DivergenceEstimate, EmbeddingDistances, EmbeddingOptions,
    GeneratedTexts, HiddenSimilarity, HiddenStateOptions, JudgeComparison, JudgeScores, LayerDistance, LayerSimilarity,
    LoadResult, LoadedEmbedder, ModelPair, NextTokenDivergences, PolicyDistances, TestedDistance, TokenisedText,
    TreeDistance, WeightDistances, next_token_divergences, policy_distances, weight_distances,
};
pub use policy_evaluator::{Evaluation, PolicyEvaluator};
pub use report::{ReportContext, report};
pub use report_tables::results_table;
pub use sample::{Sample, SamplingOptions, Score, sample};
pub use sweep::{PolicyResult, Sweep, SweepModels, SweepOptions, SweepOutcome, SweepProgress, run_sweep};
pub use sweep_csv::csv;
pub use sweep_folder::SweepFolder;
pub use token_divergence::{TextDivergence, token_divergences};
pub use write_outputs::write_outputs;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
