use super::prompts::rows_by_prompt;
use super::{LabelReport, LikedText, LikesOptions, likes_posteriors};
use crate::{Error, Result, UnpairedPreference};
use align_choice::likes::Posterior;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// With which texts a text is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Benchmark {
    /// With the median of its prompt's texts.
    #[default]
    Prompt,
    /// With the median of all texts.
    File,
}

impl FromStr for Benchmark {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "prompt" => Ok(Self::Prompt),
            "file" => Ok(Self::File),
            _ => Err(Error::Option {
                option: "benchmark",
                expected: "prompt or file".to_owned(),
                found: format!("{name:?}"),
            }),
        }
    }
}

impl fmt::Display for Benchmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Prompt { "prompt" } else { "file" })
    }
}

/// Options of [`label`].
#[derive(Debug, Clone, PartialEq)]
pub struct LabelOptions {
    /// How likes become probabilities.
    pub likes: LikesOptions,
    /// The probability of the credible interval of each text.
    pub credible_level: f64,
    /// With which texts a text is compared.
    pub benchmark: Benchmark,
}

impl Default for LabelOptions {
    fn default() -> Self {
        Self { likes: LikesOptions::default(), credible_level: 0.9, benchmark: Benchmark::default() }
    }
}

/// Labels texts for KTO: desirable if the lower credible bound is above the median of posterior means, and undesirable if the upper bound is
/// below it. The others are left out.
///
/// # Errors
/// An invalid option; as [`likes_posteriors`].
pub fn label(texts: &[LikedText], options: &LabelOptions) -> Result<(Vec<UnpairedPreference>, LabelReport)> {
    let (posteriors, likes) = likes_posteriors(texts, &options.likes)?;
    let prompts = rows_by_prompt(texts);
    let mut report = LabelReport { likes, desirable: 0, undesirable: 0, undecided: 0, single_texts: 0 };
    report.likes.prompts = prompts.len();
    let median_of_file = median(&posteriors, 0..texts.len());
    let mut labels = vec![None; texts.len()];
    for rows in &prompts {
        let middle = match options.benchmark {
            Benchmark::Prompt if rows.len() == 1 => {
                report.single_texts += 1;
                continue;
            }
            Benchmark::Prompt => median(&posteriors, rows.iter().copied()),
            Benchmark::File => median_of_file,
        };
        for &row in rows {
            let (low, high) = posteriors[row].credible_bounds(options.credible_level).map_err(Error::likes_option)?;
            match (low > middle, high < middle) {
                (true, _) => report.desirable += 1,
                (_, true) => report.undesirable += 1,
                _ => report.undecided += 1,
            }
            labels[row] = if low > middle { Some(true) } else { (high < middle).then_some(false) };
        }
    }
    let row = |(text, label): (&LikedText, &Option<bool>)| {
        label.map(|label| UnpairedPreference::new(&text.prompt, &text.text, label))
    };
    Ok((texts.iter().zip(&labels).filter_map(row).collect(), report))
}

/// The median of the posterior means of some rows. Between two middle ones, their mean.
fn median(posteriors: &[Posterior], rows: impl Iterator<Item = usize>) -> f64 {
    let mut means: Vec<f64> = rows.filter_map(|row| posteriors.get(row)).map(Posterior::mean).collect();
    means.sort_unstable_by(f64::total_cmp);
    let middle = |at: usize| means.get(at).copied().unwrap_or(0.0);
    f64::midpoint(middle(means.len().saturating_sub(1) / 2), middle(means.len() / 2))
}
