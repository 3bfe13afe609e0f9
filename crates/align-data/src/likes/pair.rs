use super::prompts::rows_by_prompt;
use super::{LikedPairReport, LikedText, LikesOptions, likes_posteriors};
use crate::pairing::{MAX_PAIRS, too_many_pairs};
use crate::{Error, PairNumbers, PreferencePair, Result};
use align_base::random::generator;
use align_choice::likes::Posterior;
use rand::RngExt;

/// Options of [`pair_liked`].
#[derive(Debug, Clone, PartialEq)]
pub struct LikedPairOptions {
    /// How likes become probabilities.
    pub likes: LikesOptions,
    /// The least probability that the chosen text is liked more.
    pub min_probability: f64,
    /// The most pairs per prompt, drawn at random; `None` for all.
    pub pairs_per_prompt: Option<usize>,
    /// The random seed.
    pub seed: u64,
}

impl Default for LikedPairOptions {
    fn default() -> Self {
        Self { likes: LikesOptions::default(), min_probability: 0.9, pairs_per_prompt: None, seed: 0 }
    }
}

impl LikedPairOptions {
    fn validate(&self) -> Result<()> {
        let refused =
            |option, expected: &str, found| Err(Error::Option { option, expected: expected.to_owned(), found });
        if !(self.min_probability >= 0.5 && self.min_probability < 1.0) {
            let expected = "a number from 0.5 to below 1";
            return refused("min_probability", expected, self.min_probability.to_string());
        }
        match self.pairs_per_prompt {
            Some(0) => refused("pairs_per_prompt", "at least 1", "0".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Makes all pairs of different texts for one prompt of which one is probably liked more, or draws as many of them as requested. The scores of
/// a pair are the posterior means, and its `chosen_probability` is the probability that the chosen text is liked more.
///
/// The result depends only on the rows, the options and the seed.
///
/// # Errors
/// An invalid option; as [`likes_posteriors`]; more than 20 million pairs.
pub fn pair_liked(texts: &[LikedText], options: &LikedPairOptions) -> Result<(Vec<PreferencePair>, LikedPairReport)> {
    options.validate()?;
    let (posteriors, likes) = likes_posteriors(texts, &options.likes)?;
    let prompts = rows_by_prompt(texts);
    let mut report = LikedPairReport {
        likes,
        pairs: 0,
        improbable: 0,
        identical: 0,
        not_drawn: 0,
        single_texts: 0,
        prompts_without_pairs: 0,
    };
    report.likes.prompts = prompts.len();
    let mut pairs = Vec::new();
    for (index, rows) in prompts.iter().enumerate() {
        let drawn = draw(texts, &posteriors, rows, index, options, MAX_PAIRS - pairs.len(), &mut report)?;
        report.single_texts += usize::from(rows.len() == 1);
        report.prompts_without_pairs += usize::from(rows.len() > 1 && drawn.is_empty());
        let pair = |(chosen, rejected, chosen_probability): (usize, usize, f64)| PreferencePair {
            prompt: texts[chosen].prompt.clone(),
            chosen: texts[chosen].text.clone(),
            rejected: texts[rejected].text.clone(),
            chosen_score: Some(posteriors[chosen].mean()),
            rejected_score: Some(posteriors[rejected].mean()),
            numbers: PairNumbers { chosen_probability: Some(chosen_probability), ..PairNumbers::default() },
        };
        pairs.extend(drawn.into_iter().map(pair));
    }
    report.pairs = pairs.len();
    Ok((pairs, report))
}

/// The pairs of a prompt, as rows of the chosen and the rejected text, with the probability. A uniform sample of them by reservoir sampling,
/// if a number is requested.
fn draw(
    texts: &[LikedText],
    posteriors: &[Posterior],
    rows: &[usize],
    index: usize,
    options: &LikedPairOptions,
    remaining: usize,
    report: &mut LikedPairReport,
) -> Result<Vec<(usize, usize, f64)>> {
    let mut rng = generator(options.seed, "liked pairs", index as u64);
    let wanted = options.pairs_per_prompt.unwrap_or(usize::MAX);
    let mut kept: Vec<(usize, usize, f64)> = Vec::new();
    let mut seen = 0;
    for (at, &a) in rows.iter().enumerate() {
        for &b in rows.iter().skip(at + 1) {
            if texts[a].text == texts[b].text {
                report.identical += 1;
                continue;
            }
            let probability = posteriors[a].probability_above(&posteriors[b]).map_err(Error::likes_option)?;
            let pair = if probability > 0.5 { (a, b, probability) } else { (b, a, 1.0 - probability) };
            if pair.2 < options.min_probability || pair.2 == 0.5 {
                report.improbable += 1;
                continue;
            }
            if kept.len() < wanted {
                if kept.len() == remaining {
                    return Err(too_many_pairs());
                }
                kept.push(pair);
            } else if let Some(slot) = kept.get_mut(rng.random_range(0..=seen)) {
                *slot = pair;
            }
            seen += 1;
        }
    }
    report.not_drawn += seen - kept.len();
    kept.sort_unstable_by_key(|&(a, b, _)| (a.min(b), a.max(b)));
    Ok(kept)
}
