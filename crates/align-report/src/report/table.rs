use crate::figure::Better;
use crate::{Error, Estimate, Result};
use serde::{Deserialize, Serialize};

/// A table of results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What it shows; a number is put before it.
    pub caption: String,
    /// Heading of the rows' names: `Model`.
    pub row_title: String,
    /// The columns after the rows' names.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// The unit of its numbers, under the heading.
    #[serde(default)]
    pub unit: String,
    /// Decimals of its numbers; without it as many as half of the intervals need for two digits that count, or the
    /// largest number for three where there are no intervals.
    #[serde(default)]
    pub decimals: Option<u8>,
    /// Which numbers are better: the best is set in bold.
    #[serde(default)]
    pub better: Option<Better>,
}

impl Column {
    /// A column of numbers with a unit.
    #[must_use]
    pub fn new(title: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { title: title.into(), unit: unit.into(), decimals: None, better: None }
    }

    /// The same column, its best number in bold.
    #[must_use]
    pub fn with_best(self, better: Better) -> Self {
        Self { better: Some(better), ..self }
    }
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The model or the setting.
    pub name: String,
    /// Rows that belong together, such as those of a loss, have the same group; a line parts them from the next.
    #[serde(default)]
    pub group: String,
    /// A cell a column.
    pub cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// A number, with its interval where it has one.
    Number(Estimate),
    /// Words.
    Text(String),
    /// Nothing: a dash.
    Missing,
}

impl Table {
    /// Whether all of it can be shown.
    ///
    /// # Errors
    /// Names the row, and the column of a number that is not finite.
    pub(super) fn check(&self) -> Result<()> {
        for (i, row) in self.rows.iter().enumerate() {
            let place = || format!("table {:?}, row {} ({:?})", self.caption, i + 1, row.name);
            if row.cells.len() != self.columns.len() {
                return Err(Error::Cells { place: place(), expected: self.columns.len(), found: row.cells.len() });
            }
            for (column, cell) in self.columns.iter().zip(&row.cells) {
                if let Cell::Number(number) = cell {
                    number.check(place, &format!("column {:?}", column.title))?;
                }
            }
        }
        if self.columns.iter().any(|column| column.decimals.is_some_and(|decimals| decimals > 20)) {
            let place = format!("{:?}: more than 20", self.caption);
            return Err(Error::Option { option: "decimals", expected: "at most 20".to_owned(), found: place });
        }
        Ok(())
    }

    /// The numbers of a column.
    pub(super) fn numbers(&self, column: usize) -> impl Iterator<Item = &Estimate> {
        self.rows.iter().filter_map(move |row| match row.cells.get(column) {
            Some(Cell::Number(number)) => Some(number),
            _ => None,
        })
    }
}
