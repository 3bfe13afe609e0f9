//! Numbers of pairs: columns that are read only if the training uses them.

use super::super::column_names::ColumnNames;
use super::super::columns::with_numbers;
use super::super::file::read_raw_table;
use super::super::raw_table::RawTable;
use super::{ExampleRow, Examples};
use crate::{Error, Example, PairExample, PairNumber, PairNumbers, Result, RewardExample};
use std::borrow::Cow;
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
        Some((row, value)) => {
            Err(cell_error(raw, row, number.name(), number.expected().into(), PairNumber::found(*value)))
        }
    }
}

/// The differences of the scores.
fn score_margins<E: NumberedRow>(raw: &mut RawTable, rows: &mut [E]) -> Result<Vec<f64>> {
    // Rows of plain texts have taken the scores out of the table.
    let chosen = raw.optional_numbers("chosen_score")?.unwrap_or_default();
    let rejected = raw.optional_numbers("rejected_score")?.unwrap_or_default();
    let mut margins = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter_mut().enumerate() {
        let (chosen, rejected) = match row.pair_mut() {
            Example::Plain(pair) => (pair.chosen_score, pair.rejected_score),
            Example::Conversation(_) => (chosen.get(at).copied(), rejected.get(at).copied()),
        };
        let margin = PairNumbers::margin_of_scores(chosen, rejected);
        let margin = margin.ok_or_else(|| raw.missing_number(PairNumber::Margin))?;
        if !PairNumber::Margin.is_valid(margin) {
            return Err(invalid_scores(raw, at, [chosen, rejected].map(Option::unwrap_or_default), margin));
        }
        margins.push(margin);
    }
    Ok(margins)
}

fn invalid_scores(raw: &RawTable, row: usize, [chosen, rejected]: [f64; 2], margin: f64) -> Error {
    let expected = format!(
        "a score above that of the rejected text ({rejected}), because the logarithm of their difference is taken"
    );
    let found = match margin > 0.0 {
        false => chosen.to_string(),
        true => format!("{chosen}, with the difference {}", PairNumber::found(margin)),
    };
    cell_error(raw, row, "chosen_score", expected.into(), found)
}

fn cell_error(raw: &RawTable, row: usize, column: &str, expected: Cow<'static, str>, found: String) -> Error {
    let (origin, column) = (raw.origin().to_owned(), raw.name_in_file(column).to_owned());
    Error::Cell { origin, row: row + 1, column, expected, found }
}
