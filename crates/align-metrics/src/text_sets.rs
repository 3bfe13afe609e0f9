//! Comparison of the texts of several models on samples of equal size.

use crate::{
    Bootstrap, Diversity, EqualSamples, Estimate, EvaluationReport, Result, chao_wang_jost_entropy, equal_samples,
    equal_samples_entropy, miller_madow_entropy,
};
use serde::Serialize;

/// Lengths of n-grams in a comparison, if texts are long enough.
const NGRAMS: [usize; 3] = [1, 2, 4];
/// Number of resamples for statistics that are slow to compute.
const FEW: usize = 100;

/// The texts of a model.
#[derive(Debug, Clone)]
pub struct TextSet {
    /// The tokens of each text.
    pub texts: Vec<Vec<i64>>,
    /// The reward of each text, if available.
    pub scores: Option<Vec<f64>>,
}

impl TextSet {
    /// Length of the longest text in tokens, not counting the id `skip`.
    fn longest(&self, skip: Option<i64>) -> usize {
        let length = |text: &Vec<i64>| text.iter().filter(|id| Some(**id) != skip).count();
        self.texts.iter().map(length).max().unwrap_or(0)
    }
}

/// The largest sample size that all sets allow: the number of texts in the smallest set, and the smallest maximum length of texts.
#[must_use]
pub fn common_sample(sets: &[TextSet], skip: Option<i64>) -> EqualSamples {
    EqualSamples {
        texts: sets.iter().map(|set| set.texts.len()).min().unwrap_or(0),
        tokens: sets.iter().map(|set| set.longest(skip)).min().unwrap_or(0),
    }
}

/// The lengths of n-grams, out of 1, 2 and 4, for which the texts of each set and of the sample are long enough.
#[must_use]
pub fn common_ngrams(sets: &[TextSet], skip: Option<i64>, sample: EqualSamples) -> Vec<usize> {
    let shortest = common_sample(sets, skip).tokens.min(sample.tokens);
    NGRAMS.into_iter().filter(|n| *n <= shortest).collect()
}

/// Metrics of one of several sets of texts.
#[derive(Debug, Clone, Serialize)]
pub struct TextSetMetrics {
    /// Entropies and mean reward of all texts.
    pub report: EvaluationReport,
    /// The Chao-Wang-Jost entropy of all texts, in nats.
    pub chao_wang_jost_entropy: f64,
    /// Mean number of tokens per text in samples of equal size.
    pub equal_samples_tokens: f64,
    /// Token entropy of samples of equal size, in nats.
    pub equal_samples_entropy: Estimate,
    /// Miller-Madow entropy of samples of equal size, in nats.
    pub equal_samples_miller_madow_entropy: Estimate,
    /// Chao-Wang-Jost entropy of samples of equal size, in nats.
    pub equal_samples_chao_wang_jost_entropy: Estimate,
    /// Diversity and length of all texts.
    pub diversity: Diversity,
    /// distinct-n of samples of equal size, in the order of the n-grams of `diversity`.
    pub equal_samples_distinct: Vec<Estimate>,
}

impl TextSetMetrics {
    /// Computes the metrics of a set of texts and of samples of it, not counting the id `skip`.
    ///
    /// # Errors
    /// Fewer texts than the sample needs, no tokens in the texts, or options of the bootstrap out of range.
    pub fn of(
        set: &TextSet,
        skip: Option<i64>,
        sample: EqualSamples,
        ngrams: &[usize],
        bootstrap: &Bootstrap,
    ) -> Result<Self> {
        let texts = &set.texts;
        // Bias corrections are slow, and a mean over fewer resamples is good enough.
        let few =
            Bootstrap { resamples: bootstrap.resamples.min(FEW.max(min_resamples(bootstrap.level))), ..*bootstrap };
        let tokens =
            |texts: &[&[i64]]| Ok(texts.iter().map(|text| text.len() as f64).sum::<f64>() / texts.len() as f64);
        let distinct = |n: &usize| equal_samples(texts, skip, sample, &few, |texts| distinct(texts, *n));
        Ok(Self {
            report: EvaluationReport::of(texts, skip, set.scores.as_deref(), bootstrap)?,
            chao_wang_jost_entropy: chao_wang_jost_entropy(texts, skip)?,
            equal_samples_tokens: equal_samples(texts, skip, sample, bootstrap, tokens)?.value,
            equal_samples_entropy: equal_samples_entropy(texts, skip, sample, bootstrap)?,
            equal_samples_miller_madow_entropy: equal_samples(texts, skip, sample, &few, |texts| {
                miller_madow_entropy(texts, None)
            })?,
            equal_samples_chao_wang_jost_entropy: equal_samples(texts, skip, sample, &few, |texts| {
                chao_wang_jost_entropy(texts, None)
            })?,
            diversity: Diversity::of(texts, ngrams, skip)?,
            equal_samples_distinct: ngrams.iter().map(distinct).collect::<Result<_>>()?,
        })
    }
}

/// The minimum number of resamples for an interval of this level.
fn min_resamples(level: f64) -> usize {
    (2.0 / (1.0 - level)).ceil() as usize
}

/// distinct-n of texts; 0 if all are shorter than `n`.
fn distinct(texts: &[&[i64]], n: usize) -> Result<f64> {
    if texts.iter().all(|text| text.len() < n) {
        return Ok(0.0);
    }
    let found = Diversity::of(texts, &[n], None)?;
    Ok(found.ngrams.first().map_or(0.0, |ngrams| ngrams.distinct))
}
