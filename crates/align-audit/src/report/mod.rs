//! What an audit found.

mod prediction;
mod threshold;

pub use prediction::Prediction;
pub use threshold::{Exceeded, Threshold};

use crate::Check;
use serde::Serialize;

/// A file with its number of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileRows {
    /// The file.
    pub file: String,
    /// Its rows, also those that cannot be read.
    pub rows: u64,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowPlace {
    /// The file.
    pub file: String,
    /// The number of the row, counted from 1.
    pub row: usize,
}

/// Rows that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableRows {
    /// The number of rows.
    pub rows: u64,
    /// The first of them.
    pub first: RowPlace,
    /// What is wrong with the first one.
    pub problem: String,
}

/// A row that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundRow {
    /// The row.
    #[serde(flatten)]
    pub place: RowPlace,
    /// The row that it repeats or contradicts, or the held-out row with its prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<RowPlace>,
}

/// How exact a number of rows is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Exactness {
    /// All rows were counted. Texts are compared by 64-bit hashes.
    Exact,
    /// The number is one of a method with errors.
    Estimate {
        /// The standard error of the number of rows, if it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        standard_error: Option<f64>,
        /// How the number was found, in words.
        method: String,
    },
}

/// The rows that a check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The check.
    pub name: Check,
    /// The number of rows.
    pub count: u64,
    /// The number of rows that the check looked at.
    pub of: u64,
    /// The share of these.
    pub share: f64,
    /// How exact the number is.
    pub exactness: Exactness,
    /// The first rows.
    pub first_rows: Vec<FoundRow>,
    /// What is wrong with the first row, if the reader of the file says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What the check finds.
    pub finds: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

/// A check that did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotChecked {
    /// The check.
    pub name: Check,
    /// Why.
    pub why: String,
}

/// The number of rows whose answer is in a language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LanguageRows {
    /// The English name of the language; `None` for texts that are too short or mixed to tell.
    pub language: Option<&'static str>,
    /// The rows.
    pub rows: u64,
}

/// Quantiles of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// The 5% quantile.
    pub p05: f64,
    /// The lower quartile.
    pub p25: f64,
    /// The median.
    pub p50: f64,
    /// The upper quartile.
    pub p75: f64,
    /// The 95% quantile.
    pub p95: f64,
}

impl Quantiles {
    /// The quantiles of some values, by linear interpolation as in NumPy. `None` without values.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let value = |place: usize| values.get(place.min(last)).copied().unwrap_or_default();
            let below = place.floor() as usize;
            value(below) + (value(below + 1) - value(below)) * (place - place.floor())
        };
        Some(Self { p05: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) })
    }
}

/// The differences between the scores of chosen and rejected texts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Margins {
    /// Pairs with scores.
    pub pairs: u64,
    /// The mean difference.
    pub mean: f64,
    /// The number of pairs from which the quantiles were computed.
    pub sampled: usize,
    /// Quantiles of the differences.
    pub quantiles: Quantiles,
}

/// The mean lengths of texts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lengths {
    /// Characters of a chosen text.
    pub mean_chosen_chars: f64,
    /// Characters of a rejected text.
    pub mean_rejected_chars: f64,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditReport {
    /// The files.
    pub files: Vec<FileRows>,
    /// The held-out files.
    pub held_out_files: Vec<FileRows>,
    /// Held-out rows that cannot be read, with which no row was compared.
    pub unreadable_held_out: Option<UnreadableRows>,
    /// The rows of the files, also those that cannot be read.
    pub rows: u64,
    /// Preference pairs among them.
    pub pairs: u64,
    /// Labelled answers among them.
    pub labelled: u64,
    /// Desirable ones among the labelled answers.
    pub desirable: u64,
    /// Rows that models of words and labels saw.
    pub sampled: usize,
    /// The checks of rows, also those that found nothing.
    pub findings: Vec<Finding>,
    /// How well single properties predict the choice.
    pub predictions: Vec<Prediction>,
    /// The checks that did not run.
    pub not_checked: Vec<NotChecked>,
    /// The languages of the answers, the most frequent one first.
    pub languages: Vec<LanguageRows>,
    /// The lengths of the sides of pairs.
    pub lengths: Option<Lengths>,
    /// The differences of scores.
    pub score_margins: Option<Margins>,
}

impl AuditReport {
    /// The result of a check of rows.
    #[must_use]
    pub fn finding(&self, check: Check) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.name == check)
    }

    /// The result of a prediction.
    #[must_use]
    pub fn prediction(&self, check: Check) -> Option<&Prediction> {
        self.predictions.iter().find(|prediction| prediction.name == check)
    }

    /// The checks that found rows.
    pub fn problems(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.count > 0)
    }

    /// Adds the result of a check that needs a model.
    pub fn add_prediction(&mut self, prediction: Prediction) {
        self.not_checked.retain(|check| check.name != prediction.name);
        self.predictions.push(prediction);
    }

    /// Adds a check that did not run, in place of an earlier reason.
    pub fn add_not_checked(&mut self, name: Check, why: impl Into<String>) {
        self.not_checked.retain(|check| check.name != name);
        self.not_checked.push(NotChecked { name, why: why.into() });
    }
}
