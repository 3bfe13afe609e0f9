use super::column_names::ColumnNames;
use super::columns::{Column, with_numbers};
use super::examples::{ExampleRow, Examples};
use super::file::read_raw_table;
use super::pairs::has_pairs;
use super::table::Row;
use super::texts::ScoredTexts;
use crate::pairing::{PairOptions, PairingReport};
use crate::{Error, PairExample, PairNumber, PreferencePair, Result, ScoredText};
use std::path::Path;

/// Training data for preference optimisation: pairs, or scored texts to make pairs from.
#[derive(Debug, Clone)]
pub enum PreferenceData {
    /// Preference pairs of texts or conversations.
    Pairs(Examples<PairExample>),
    /// Scored texts, not paired yet.
    Texts(ScoredTexts),
}

impl PreferenceData {
    /// Reads pairs if the file has a column `chosen` or `rejected`, and scored texts otherwise.
    ///
    /// # Errors
    /// As [`Examples::read`] and [`ScoredTexts::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_renamed(path, &ColumnNames::default())
    }

    /// Reads a file like [`PreferenceData::read`], in which columns have other names.
    ///
    /// # Errors
    /// As [`Examples::read_renamed`].
    pub fn read_renamed(path: impl AsRef<Path>, names: &ColumnNames) -> Result<Self> {
        Self::read_with_numbers(path.as_ref(), names, &[])
    }

    fn read_with_numbers(path: &Path, names: &ColumnNames, numbers: &[PairNumber]) -> Result<Self> {
        let mut columns: Vec<Column> = PairExample::columns();
        columns.extend(ScoredText::COLUMNS.iter().filter(|column| column.name != "prompt"));
        let optional: Vec<Column> = columns.into_iter().map(Column::optional).collect();
        let raw = read_raw_table(path, &with_numbers(optional, numbers), names)?;
        raw.require_any(&["chosen", "rejected", "text", "score"], &[PreferencePair::COLUMNS, ScoredText::COLUMNS])?;
        match has_pairs(&raw) {
            true => Examples::from_raw_with_numbers(path, raw, numbers).map(Self::Pairs),
            // The pairs of scored texts have a difference of scores, and no other number.
            false => match numbers.iter().find(|number| **number != PairNumber::Margin) {
                Some(number) => Err(raw.missing_number(*number)),
                None => ScoredTexts::from_raw(raw).map(Self::Texts),
            },
        }
    }

    /// Reads several files, whose rows follow each other.
    ///
    /// # Errors
    /// As [`PreferenceData::read_renamed`], and when the files hold different kinds of rows.
    pub fn read_files<P: AsRef<Path>>(paths: &[P], names: &ColumnNames) -> Result<Self> {
        Self::read_files_with_numbers(paths, names, &[])
    }

    /// Reads several files with numbers of their pairs. Scored texts have a difference of scores only.
    ///
    /// # Errors
    /// As [`PreferenceData::read_files`]; a file without a number, or a value outside its range.
    pub fn read_files_with_numbers<P: AsRef<Path>>(
        paths: &[P],
        names: &ColumnNames,
        numbers: &[PairNumber],
    ) -> Result<Self> {
        let mut all: Option<(&Path, Self)> = None;
        for path in paths.iter().map(AsRef::as_ref) {
            let data = Self::read_with_numbers(path, names, numbers)?;
            all = Some(match (all.take(), data) {
                (None, data) => (path, data),
                (Some((first, Self::Pairs(mut pairs))), Self::Pairs(more)) => {
                    pairs.append(more)?;
                    (first, Self::Pairs(pairs))
                }
                (Some((first, Self::Texts(texts))), Self::Texts(more)) => {
                    let rows = texts.into_rows().into_iter().chain(more.into_rows());
                    (first, Self::Texts(ScoredTexts::from_rows(rows.collect())?))
                }
                (Some((first, expected)), found) => {
                    return Err(Error::MixedFormats {
                        path: path.to_owned(),
                        found: found.form(),
                        first: first.to_owned(),
                        expected: expected.form(),
                    });
                }
            });
        }
        match all {
            Some((_, data)) => Ok(data),
            None => ScoredTexts::from_rows(Vec::new()).map(Self::Texts),
        }
    }

    fn form(&self) -> &'static str {
        match self {
            Self::Pairs(_) => "preference pairs",
            Self::Texts(_) => "scored texts",
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
    pub fn into_pairs(self, options: &PairOptions) -> Result<(Vec<PairExample>, Option<PairingReport>)> {
        match self {
            Self::Pairs(pairs) => Ok((pairs.into_rows(), None)),
            Self::Texts(texts) => {
                let (pairs, report) = texts.pair(options)?;
                Ok((pairs.into_rows().into_iter().map(PairExample::from).collect(), Some(report)))
            }
        }
    }
}
