//! Numbers of pairs: columns that are read only if the training uses them.

use super::super::column_names::ColumnNames;
use super::super::columns::with_numbers;
use super::super::file::read_raw_table;
use super::super::raw_table::RawTable;
use super::{ExampleRow, Examples};
use crate::{Error, Example, PairExample, PairNumber, Result, RewardExample};
use std::path::Path;

/// A row with the numbers of a pair.
pub trait NumberedRow: ExampleRow {
    /// The pair.
    fn pair_mut(&mut self) -> &mut PairExample;
}

impl NumberedRow for PairExample {
    fn pair_mut(&mut self) -> &mut PairExample {
        self
    }
}

impl NumberedRow for RewardExample {
    fn pair_mut(&mut self) -> &mut PairExample {
        &mut self.pair
    }
}

impl<E: NumberedRow> Examples<E> {
    /// Reads several files, whose rows follow each other, with numbers of the pairs. Columns of other numbers are ignored.
    ///
    /// ```
    /// use align_data::tables::{ColumnNames, Examples};
    /// use align_data::{PairExample, PairNumber, PairRow};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let file = folder.path().join("pairs.csv");
    /// std::fs::write(&file, "prompt,chosen,rejected,chosen_probability\nWas it fun?,Yes!,No.,0.9\n")?;
    /// let numbers = [PairNumber::ChosenProbability];
    /// let pairs = Examples::<PairExample>::read_files_with_numbers(&[file], &ColumnNames::default(), &numbers)?;
    /// assert_eq!(pairs.rows()[0].numbers().chosen_probability, Some(0.9));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Examples::read_files`]; a file without a number, or a value outside its range.
    pub fn read_files_with_numbers<P: AsRef<Path>>(
        paths: &[P],
        names: &ColumnNames,
        numbers: &[PairNumber],
    ) -> Result<Self> {
        let mut all = Self { rows: Vec::new(), notes: Vec::new(), files: Vec::new() };
        for path in paths.iter().map(AsRef::as_ref) {
            let raw = read_raw_table(path, &with_numbers(E::columns(), numbers), names)?;
            all.append(Self::from_raw_with_numbers(path, raw, numbers)?)?;
        }
        Ok(all)
    }

    pub(in crate::tables) fn from_raw_with_numbers(
        path: &Path,
        mut raw: RawTable,
        numbers: &[PairNumber],
    ) -> Result<Self> {
        let mut notes = Vec::new();
        let mut rows = E::read_rows(&mut raw, &mut notes)?;
        read_numbers(&mut raw, numbers, &mut rows)?;
        Ok(Self { rows, notes, files: vec![path.to_owned()] })
    }
}

/// Reads the `wanted` numbers of the rows that were taken out of a table.
fn read_numbers<E: NumberedRow>(raw: &mut RawTable, wanted: &[PairNumber], rows: &mut [E]) -> Result<()> {
    for number in wanted {
        let values = match raw.optional_numbers(number.name())? {
            Some(values) => checked(raw, *number, values)?,
            None if *number == PairNumber::Margin && raw.has("chosen_score") && raw.has("rejected_score") => {
                score_margins(raw, rows)?
            }
            None => return Err(raw.missing_number(*number)),
        };
        for (row, value) in rows.iter_mut().zip(values) {
            row.pair_mut().numbers_mut().set(*number, value);
        }
    }
    Ok(())
}

fn checked(raw: &RawTable, number: PairNumber, values: Vec<f64>) -> Result<Vec<f64>> {
    match values.iter().enumerate().find(|(_, value)| !number.is_valid(**value)) {
        None => Ok(values),
        Some((row, value)) => Err(Error::Cell {
            origin: raw.origin().to_owned(),
            row: row + 1,
            column: raw.name_in_file(number.name()).to_owned(),
            expected: number.expected().into(),
            found: value.to_string(),
        }),
    }
}

/// The differences of the scores.
fn score_margins<E: NumberedRow>(raw: &mut RawTable, rows: &mut [E]) -> Result<Vec<f64>> {
    // Rows of plain texts have taken them out of the table.
    let columns = (raw.optional_numbers("chosen_score")?, raw.optional_numbers("rejected_score")?);
    let scores: Vec<(f64, f64)> = match columns {
        (Some(chosen), Some(rejected)) => chosen.into_iter().zip(rejected).collect(),
        _ => rows.iter_mut().filter_map(|row| plain_scores(row.pair_mut())).collect(),
    };
    let margin = |(row, (chosen, rejected)): (usize, (f64, f64))| {
        match PairNumber::Margin.is_valid(chosen - rejected) {
        true => Ok(chosen - rejected),
        false => Err(Error::Cell {
            origin: raw.origin().to_owned(),
            row: row + 1,
            column: raw.name_in_file("chosen_score").to_owned(),
            expected: format!("a score above that of the rejected text ({rejected}), because the logarithm of their difference is taken")
                .into(),
            found: chosen.to_string(),
        }),
    }
    };
    scores.into_iter().enumerate().map(margin).collect()
}

fn plain_scores(pair: &PairExample) -> Option<(f64, f64)> {
    match pair {
        Example::Plain(pair) => Some((pair.chosen_score?, pair.rejected_score?)),
        Example::Conversation(_) => None,
    }
}
