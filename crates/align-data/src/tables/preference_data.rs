use super::column_names::ColumnNames;
use super::file::read_raw_table;
use super::pairs::{PreferencePairs, has_pairs};
use super::table::Row;
use super::texts::ScoredTexts;
use crate::pairing::{PairOptions, PairingReport};
use crate::{PreferencePair, Result, ScoredText};
use std::path::Path;

/// Training data for preference optimisation: pairs, or scored texts to make pairs from.
#[derive(Debug, Clone)]
pub enum PreferenceData {
    /// Preference pairs.
    Pairs(PreferencePairs),
    /// Scored texts, not paired yet.
    Texts(ScoredTexts),
}

impl PreferenceData {
    /// Reads pairs if the file has a column `chosen` or `rejected`, and scored texts otherwise.
    ///
    /// # Errors
    /// As [`PreferencePairs::read`] and [`ScoredTexts::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_renamed(path, &ColumnNames::default())
    }

    /// Reads a file like [`PreferenceData::read`], in which columns have other names.
    ///
    /// # Errors
    /// As [`PreferencePairs::read_renamed`].
    pub fn read_renamed(path: impl AsRef<Path>, names: &ColumnNames) -> Result<Self> {
        let (pairs, texts) = (PreferencePair::COLUMNS, ScoredText::COLUMNS);
        let raw = read_raw_table(path.as_ref(), &[pairs, texts].concat(), names)?;
        raw.require_any(&["chosen", "rejected", "text", "score"], &[pairs, texts])?;
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

    /// Returns the pairs. Scored texts are paired first, and the report describes how.
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
