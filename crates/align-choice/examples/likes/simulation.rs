//! Likes of texts whose true quality is known, with exposure that differs a hundredfold; and how often pairs made of them are right.

use crate::taste_model::{TasteModel, TrainingPair};
use align_base::random::generator;
use align_choice::likes::{Attention, Counts, Exposure, LikesError, Measure, Posterior, Prior};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution, Poisson, StandardNormal};

/// Properties of a text that taste depends on.
pub const FEATURES: usize = 8;

const PROMPTS: usize = 60;
const TEXTS: usize = 8;
const HELD_OUT: usize = 2000;

/// The pairs that the posterior keeps are at least as probable as this.
const KEPT_FROM: f64 = 0.9;

/// How texts are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Views are known, and have nothing to do with quality.
    Views,
    /// Views are known, and better texts have more.
    ViewsByQuality,
    /// Views are unknown. Attention to a thread halves every six hours; texts are up to 40 hours late.
    Times,
}

/// A way to make pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// The text with more likes is chosen.
    Counts,
    /// The text with more likes per view or exposure is chosen.
    Rates,
    /// The text that is liked more with a probability above one half is chosen.
    Posterior,
    /// As `Counts`, but only the pairs with the greatest ratio, as many as `KeptPosterior` keeps.
    KeptCounts,
    /// As `Rates`, but only the pairs with the greatest ratio, as many as `KeptPosterior` keeps.
    KeptRates,
    /// The pairs whose probability is at least 0.9.
    KeptPosterior,
}

pub const METHODS: [Method; 6] =
    [Method::Counts, Method::Rates, Method::Posterior, Method::KeptCounts, Method::KeptRates, Method::KeptPosterior];

/// A text: what is known of it, and its true quality.
struct Text {
    features: [f64; FEATURES],
    quality: f64,
    likes: f64,
    /// Views, or hours of attention.
    exposure: f64,
    posterior: Option<Posterior>,
}

/// A pair with the true order known.
struct Candidate<'a> {
    chosen: &'a Text,
    rejected: &'a Text,
    /// How sure the method is; greater is surer.
    strength: f64,
    /// The probability that the chosen text is liked more.
    probability: f64,
}

/// What a method made of one seed.
#[derive(Debug, Clone, Copy)]
pub struct Score {
    pub pairs: usize,
    /// The share of pairs whose chosen text is truly better.
    pub accuracy: f64,
    /// The mean probability of the pairs. A pair by counts or rates counts as certain.
    pub expected_accuracy: f64,
    /// The share of held-out pairs that a model trained on the pairs orders rightly.
    pub model_accuracy: f64,
}

/// The scores of all methods, in the order of [`METHODS`], for one seed.
pub fn run(setting: Setting, seed: u64) -> Result<Vec<Score>, LikesError> {
    let mut rng = generator(seed, "likes simulation", setting as u64);
    let tastes: [f64; FEATURES] = std::array::from_fn(|_| StandardNormal.sample(&mut rng));
    let mut texts = Vec::new();
    for _ in 0..PROMPTS * TEXTS {
        texts.push(text(setting, &tastes, &mut rng)?);
    }
    add_posteriors(setting, &mut texts)?;
    let held_out: Vec<Text> = (0..2 * HELD_OUT).map(|_| features(&tastes, &mut rng)).collect();
    let kept = pairs(&texts, Method::KeptPosterior, usize::MAX)?.len();
    METHODS.iter().map(|method| score(&pairs(&texts, *method, kept)?, &held_out)).collect()
}

/// A text without likes. The quality has mean 0 and variance 1 over texts.
fn features(tastes: &[f64; FEATURES], rng: &mut ChaCha8Rng) -> Text {
    let features: [f64; FEATURES] = std::array::from_fn(|_| StandardNormal.sample(rng));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let quality = product(tastes, &features) / product(tastes, tastes).sqrt();
    Text { features, quality, likes: 0.0, exposure: 0.0, posterior: None }
}

fn text(setting: Setting, tastes: &[f64; FEATURES], rng: &mut ChaCha8Rng) -> Result<Text, LikesError> {
    let text = features(tastes, rng);
    if setting == Setting::Times {
        // 2^-6.64 is a hundredth.
        let late = rng.random_range(0.0..6.64 * 6.0);
        let exposure =
            Exposure { attention: Attention::Thread, half_life: 6.0, as_of: None }.hours(late * 3600.0, 0.0)?;
        let likes = Poisson::new(exposure * (0.6 * text.quality).exp()).map_or(0.0, |likes| likes.sample(rng));
        return Ok(Text { likes, exposure, ..text });
    }
    let by_quality = if setting == Setting::ViewsByQuality { text.quality } else { 0.0 };
    let views = (10f64.powf(1.3 + rng.random_range(0.0..2.0)) * by_quality.exp()).ceil();
    // One viewer in 17 likes a text of mean quality.
    let share = 1.0 / (1.0 + (2.8 - 0.6 * text.quality).exp());
    let likes = Binomial::new(views as u64, share).map_or(0.0, |likes| likes.sample(rng) as f64);
    Ok(Text { likes, exposure: views, ..text })
}

fn add_posteriors(setting: Setting, texts: &mut [Text]) -> Result<(), LikesError> {
    let evidence = |text: &Text| match setting {
        Setting::Times => Counts { likes: text.likes, ..Counts::default() }.evidence(Measure::PerTime, text.exposure),
        Setting::Views | Setting::ViewsByQuality => {
            Counts { likes: text.likes, dislikes: None, views: Some(text.exposure) }.evidence(Measure::PerView, 1.0)
        }
    };
    let evidence = texts.iter().map(evidence).collect::<Result<Vec<_>, _>>()?;
    let prior = Prior::estimate(&evidence)?;
    for (text, evidence) in texts.iter_mut().zip(&evidence) {
        text.posterior = Some(Posterior::new(&prior, evidence)?);
    }
    Ok(())
}

fn pairs(texts: &[Text], method: Method, kept: usize) -> Result<Vec<Candidate<'_>>, LikesError> {
    let mut pairs = Vec::new();
    for prompt in texts.chunks(TEXTS) {
        for (at, a) in prompt.iter().enumerate() {
            for b in &prompt[..at] {
                let (strength, probability) = compare(a, b, method)?;
                let probability = probability.max(1.0 - probability);
                let (chosen, rejected) = if strength > 0.0 { (a, b) } else { (b, a) };
                if strength != 0.0 {
                    pairs.push(Candidate { chosen, rejected, strength: strength.abs(), probability });
                }
            }
        }
    }
    match method {
        Method::KeptPosterior => pairs.retain(|pair| pair.probability >= KEPT_FROM),
        Method::KeptCounts | Method::KeptRates => {
            pairs.sort_by(|a, b| b.strength.total_cmp(&a.strength));
            pairs.truncate(kept);
        }
        Method::Counts | Method::Rates | Method::Posterior => {}
    }
    Ok(pairs)
}

/// How much more `a` is liked than `b` by a method, and the probability that it is.
fn compare(a: &Text, b: &Text, method: Method) -> Result<(f64, f64), LikesError> {
    // One like more for both keeps the ratios finite.
    let count_ratio = ((a.likes + 1.0) / (b.likes + 1.0)).ln();
    let rate = |text: &Text| text.likes / text.exposure;
    // A text without likes has half of one, which keeps the ratios finite.
    let smoothed = |text: &Text| (text.likes + 0.5) / text.exposure;
    Ok(match method {
        Method::Counts | Method::KeptCounts => (count_ratio, 1.0),
        Method::Rates => (rate(a) - rate(b), 1.0),
        Method::KeptRates => ((smoothed(a) / smoothed(b)).ln(), 1.0),
        Method::Posterior | Method::KeptPosterior => match (&a.posterior, &b.posterior) {
            (Some(own), Some(other)) => {
                let probability = own.probability_above(other)?;
                (probability - 0.5, probability)
            }
            _ => (0.0, 0.5),
        },
    })
}

fn score(pairs: &[Candidate<'_>], held_out: &[Text]) -> Result<Score, LikesError> {
    let right = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        let (right, all) = pairs.fold((0, 0), |(right, all), (a, b)| (right + usize::from(a > b), all + 1));
        right as f64 / all as f64
    };
    let difference = |a: &Text, b: &Text| std::array::from_fn(|at| a.features[at] - b.features[at]);
    let training = pairs
        .iter()
        .map(|pair| TrainingPair { difference: difference(pair.chosen, pair.rejected), probability: pair.probability });
    let model = TasteModel::train(&training.collect::<Vec<_>>());
    let order = |pair: &[Text]| match pair {
        [a, b] => (model.score(&difference(a, b)) * (a.quality - b.quality), 0.0),
        _ => (0.0, 0.0),
    };
    Ok(Score {
        pairs: pairs.len(),
        expected_accuracy: pairs.iter().map(|pair| pair.probability).sum::<f64>() / pairs.len() as f64,
        accuracy: right(&mut pairs.iter().map(|pair| (pair.chosen.quality, pair.rejected.quality))),
        model_accuracy: right(&mut held_out.chunks(2).map(order)),
    })
}
