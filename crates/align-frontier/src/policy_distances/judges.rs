use super::grouped_ratio::grouped_ratio;
use super::{ModelPair, named_pairs, pair_indices};
use crate::sample::check_scores;
use crate::{Comparison, Result};
use align_metrics::{Bootstrap, Clusters, Estimate, PairedComparison};
use serde::Serialize;

/// Scores texts with the judge of an index.
pub type JudgeScores<'a> = dyn Fn(usize, &[&str]) -> std::result::Result<Vec<f64>, String> + 'a;

/// The scores of the models' texts by a judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JudgeComparison {
    /// The judge's name.
    pub judge: String,
    /// The mean score of each model's texts, in the order of the models. Intervals resample prompts.
    pub means: Vec<Estimate>,
    /// The scores of the first model minus those of the second on the same prompts, with p-values adjusted for the number of pairs.
    pub differences: Vec<ModelPair<Comparison>>,
}

impl JudgeComparison {
    /// Compares the scores of all models, in the order of the models and their texts.
    pub(super) fn of(
        judge: &str,
        names: &[String],
        scores: &[f64],
        prompts: &[usize],
        bootstrap: &Bootstrap,
    ) -> Result<Self> {
        check_scores(Some(judge), scores, names.len() * prompts.len())?;
        let of_models: Vec<&[f64]> = scores.chunks(prompts.len().max(1)).collect();
        let clusters = Clusters::by(prompts);
        let ones = vec![1.0; prompts.len()];
        let mean = |scores: &&[f64]| grouped_ratio(&clusters, scores, &ones, bootstrap);
        let means = of_models.iter().map(mean).collect::<Result<_>>()?;
        let pairs = pair_indices(names.len()).filter_map(|(a, b)| Some((of_models.get(a)?, of_models.get(b)?)));
        let paired = pairs.map(|(a, b)| PairedComparison::of(a, b, Some(&clusters), bootstrap));
        let compared = Comparison::adjust_all(paired.collect::<align_metrics::Result<_>>()?)?;
        Ok(Self { judge: judge.to_owned(), means, differences: named_pairs(names, compared) })
    }
}
