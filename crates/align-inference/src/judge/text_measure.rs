use super::{Judge, completion_text};
use crate::Result;
use align_data::CompletionExample;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

/// A score that is computed from the words of a text. Words are separated by white space.
///
/// ```
/// use align_inference::{Judge, TextMeasure};
///
/// let short: TextMeasure = "words:4".parse().map_err(align_inference::Error::Input)?;
/// assert_eq!(short.scores_of_texts(&["a good old film", "a film", "a very very good old film"])?, [0.0, -0.5, -0.5]);
/// let varied = TextMeasure::DistinctNgrams(2);
/// assert_eq!(varied.scores_of_texts(&["so so so good", "good"])?, [2.0 / 3.0, 0.0]);
/// # Ok::<(), align_inference::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextMeasure {
    /// `words:N`: closeness to `N` words, `-|n - N| / N` for a text of `n` words.
    Words(usize),
    /// `distinct:N`: the share of distinct n-grams among those of the text, 1 if nothing is repeated (distinct-n, arXiv:1510.03055). A
    /// text of fewer than `N` words has 0, so that an empty one is not the best.
    DistinctNgrams(usize),
}

impl TextMeasure {
    fn score(self, text: &str) -> f64 {
        let words: Vec<&str> = text.split_whitespace().collect();
        match self {
            Self::Words(wanted) => 0.0 - words.len().abs_diff(wanted) as f64 / wanted as f64,
            Self::DistinctNgrams(length) => match words.len().checked_sub(length) {
                Some(more) => words.windows(length).collect::<HashSet<_>>().len() as f64 / (more + 1) as f64,
                None => 0.0,
            },
        }
    }
}

impl Judge for TextMeasure {
    fn scores_of_texts(&self, texts: &[&str]) -> Result<Vec<f64>> {
        Ok(texts.iter().map(|text| self.score(text)).collect())
    }

    fn scores_of_rows(&self, rows: &[CompletionExample]) -> Result<Vec<f64>> {
        Ok(rows.iter().map(|row| self.score(completion_text(row))).collect())
    }

    fn score_name(&self) -> String {
        self.to_string()
    }

    fn identity(&self) -> Result<Value> {
        Ok(self.to_string().into())
    }
}

impl fmt::Display for TextMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(count) => write!(f, "words:{count}"),
            Self::DistinctNgrams(length) => write!(f, "distinct:{length}"),
        }
    }
}

impl FromStr for TextMeasure {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let expected = || format!("expected words:N or distinct:N with a whole number from 1, found {text:?}");
        let (name, number) = text.split_once(':').ok_or_else(expected)?;
        let number: usize = number.parse().ok().filter(|number| *number > 0).ok_or_else(expected)?;
        match name {
            "words" => Ok(Self::Words(number)),
            "distinct" => Ok(Self::DistinctNgrams(number)),
            _ => Err(expected()),
        }
    }
}
