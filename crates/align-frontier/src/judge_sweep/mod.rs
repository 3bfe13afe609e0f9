//! Sweeps over rules of social choice: policies trained on the preferences of several judges, and the frontier between the judges.

mod csv;
mod figures;
mod findings;
mod judged_sample;
mod options;
mod policy_kind;
mod report;
mod run;
mod standard_scores;
mod statements;
mod tables;
mod write_outputs;

pub use csv::judge_csv;
pub use figures::{JudgeFigures, judge_figures};
pub use findings::{Hypervolume, JudgeFindings, RuleComparison};
pub use judged_sample::JudgedSample;
pub use options::JudgeSweepOptions;
pub use policy_kind::PolicyKind;
pub use report::judge_report;
pub use run::{JudgeSweepModels, JudgeSweepProgress, run_judge_sweep};
pub use tables::{hypervolume_table, judge_results_table};
pub use write_outputs::write_judge_outputs;

use crate::Evaluation;
use align_metrics::{Estimate, PairedComparison};
use serde::{Deserialize, Serialize};

/// A finished sweep over rules.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgeSweep {
    /// The names of the judges.
    pub judges: Vec<String>,
    /// The texts that the pairs are made of, without those of held-out prompts.
    pub training_texts: Vec<JudgedSample>,
    /// The policies; the first is the model before training.
    pub policies: Vec<JudgedPolicy>,
}

/// A policy of a sweep over rules, and its measurements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedPolicy {
    /// How it was trained.
    pub kind: PolicyKind,
    /// The number of training pairs; 0 for the model before training and for soups.
    pub pairs: usize,
    /// The mean score by each judge, in the judge's own unit.
    pub scores: Vec<Estimate>,
    /// The scores of each judge compared with those of the model before training, on the same prompts; empty for that model itself.
    pub against_sft: Vec<PairedComparison>,
    /// Its other measurements. The reward is the mean standard score: the weighted mean over the judges of their scores, each with the mean and
    /// the standard deviation of the texts before training as origin and unit.
    pub evaluation: Evaluation,
    /// The evaluated texts.
    pub samples: Vec<JudgedSample>,
    /// Duration of training and evaluation in seconds.
    pub seconds: f64,
}
