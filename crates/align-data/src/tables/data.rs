//! Files that may hold one of two kinds of rows.

use super::columns::Column;
use super::completions::Completions;
use super::file::read_raw;
use super::pairs::{PreferencePairs, has_pairs};
use super::table::Row;
use super::texts::ScoredTexts;
use crate::pairing::{PairOptions, PairingReport};
use crate::{PreferencePair, Result, ScoredText};
use std::path::Path;

/// What preference training can start from.
#[derive(Debug, Clone)]
pub enum PreferenceData {
    /// Pairs, ready to be tokenised.
    Pairs(PreferencePairs),
    /// Scored texts, still to be paired.
    Texts(ScoredTexts),
}

impl PreferenceData {
    /// Reads pairs where the file has a column `chosen` or `rejected`, scored texts otherwise.
    ///
    /// # Errors
    /// As [`PreferencePairs::read`] and [`ScoredTexts::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let raw = read_raw(path.as_ref(), &[PreferencePair::COLUMNS, ScoredText::COLUMNS].concat())?;
        match has_pairs(&raw) {
            true => PreferencePairs::from_raw(raw).map(Self::Pairs),
            false => ScoredTexts::from_raw(raw).map(Self::Texts),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Pairs(pairs) => pairs.is_empty(),
            Self::Texts(texts) => texts.is_empty(),
        }
    }

    /// The pairs as they are, or pairs of the scored texts and how they were made.
    ///
    /// # Errors
    /// As [`ScoredTexts::pair`].
    pub fn into_pairs(self, options: &PairOptions) -> Result<(Vec<PreferencePair>, Option<PairingReport>)> {
        match self {
            Self::Pairs(pairs) => Ok((pairs.into_rows(), None)),
            Self::Texts(texts) => {
                let (pairs, report) = texts.pair(options)?;
                Ok((pairs.into_rows(), Some(report)))
            }
        }
    }
}

/// What log-probabilities can be asked of.
#[derive(Debug, Clone)]
pub enum CompletionData {
    /// Two completions a prompt.
    Pairs(PreferencePairs),
    /// One completion a prompt.
    Completions(Completions),
}

impl CompletionData {
    /// Reads pairs where the file has a column `chosen` or `rejected`, single completions otherwise.
    ///
    /// # Errors
    /// As [`PreferencePairs::read`] and [`Completions::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let completions: &[Column] = <(String, String)>::COLUMNS;
        let raw = read_raw(path.as_ref(), &[PreferencePair::COLUMNS, completions].concat())?;
        match has_pairs(&raw) {
            true => PreferencePairs::from_raw(raw).map(Self::Pairs),
            false => Completions::from_raw(raw).map(Self::Completions),
        }
    }
}
