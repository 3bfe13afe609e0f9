//! Texts of several models, compared on equal samples.

use crate::{
    Bootstrap, Diversity, EqualSamples, Estimate, EvaluationReport, Result, chao_wang_jost_entropy, equal_samples,
    equal_samples_entropy, miller_madow_entropy,
};
use serde::Serialize;

/// N-grams that a comparison counts, where texts are as long.
const NGRAMS: [usize; 3] = [1, 2, 4];
/// Draws behind the mean of a number that takes long to compute.
const FEW: usize = 100;

/// The texts of a model.
#[derive(Debug, Clone)]
pub struct TextSet {
    /// The tokens of each text.
    pub texts: Vec<Vec<i64>>,
    /// The reward of each text, if there are any.
    pub scores: Option<Vec<f64>>,
}

impl TextSet {
    /// Tokens of the longest text, those of id `skip` left out.
    fn longest(&self, skip: Option<i64>) -> usize {
        let length = |text: &Vec<i64>| text.iter().filter(|id| Some(**id) != skip).count();
        self.texts.iter().map(length).max().unwrap_or(0)
    }
}

/// The sample that every set has: as many texts as the smallest one's, cut to the length that texts have in each.
#[must_use]
pub fn common_sample(sets: &[TextSet], skip: Option<i64>) -> EqualSamples {
    EqualSamples {
        texts: sets.iter().map(|set| set.texts.len()).min().unwrap_or(0),
        tokens: sets.iter().map(|set| set.longest(skip)).min().unwrap_or(0),
    }
}

/// The lengths of n-grams, of 1, 2 and 4, that texts have in each set and within the sample.
#[must_use]
pub fn common_ngrams(sets: &[TextSet], skip: Option<i64>, sample: EqualSamples) -> Vec<usize> {
    let shortest = common_sample(sets, skip).tokens.min(sample.tokens);
    NGRAMS.into_iter().filter(|n| *n <= shortest).collect()
}

/// A set of several, in numbers.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedTexts {
    /// Entropies and mean reward of all texts.
    pub report: EvaluationReport,
    /// The entropy of all texts' tokens, corrected after Chao, Wang and Jost, in nats.
    pub chao_wang_jost_entropy: f64,
    /// Mean tokens of a text in the equal samples.
    pub equal_samples_tokens: f64,
    /// Entropy of the equal samples' tokens, in nats.
    pub equal_samples_entropy: Estimate,
    /// The same, corrected after Miller and Madow.
    pub equal_samples_miller_madow_entropy: Estimate,
    /// The same, corrected after Chao, Wang and Jost.
    pub equal_samples_chao_wang_jost_entropy: Estimate,
    /// Variety and length of all texts.
    pub diversity: Diversity,
    /// distinct-n of the equal samples, in the order of `diversity`'s n-grams.
    pub equal_samples_distinct: Vec<Estimate>,
}

impl ComparedTexts {
    /// The numbers of a set's texts, tokens of id `skip` left out, and of samples of it.
    ///
    /// # Errors
    /// Fewer texts than the sample has, none with a token, or options of the bootstrap that are out of range.
    pub fn of(
        set: &TextSet,
        skip: Option<i64>,
        sample: EqualSamples,
        ngrams: &[usize],
        bootstrap: &Bootstrap,
    ) -> Result<Self> {
        let texts = &set.texts;
        // Correcting takes longer than counting, and a mean over fewer draws is as good.
        let few = Bootstrap { resamples: bootstrap.resamples.min(FEW.max(least(bootstrap.level))), ..*bootstrap };
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

/// The least resamples that an interval of this level needs.
fn least(level: f64) -> usize {
    (2.0 / (1.0 - level)).ceil() as usize
}

/// distinct-n of texts, 0 where none is as long.
fn distinct(texts: &[&[i64]], n: usize) -> Result<f64> {
    if texts.iter().all(|text| text.len() < n) {
        return Ok(0.0);
    }
    let found = Diversity::of(texts, &[n], None)?;
    Ok(found.ngrams.first().map_or(0.0, |ngrams| ngrams.distinct))
}
