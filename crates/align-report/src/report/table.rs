use crate::figure::Better;
use crate::{Error, Estimate, Result};
use serde::{Deserialize, Serialize};

/// A table of results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The caption. A number is prepended.
    pub caption: String,
    /// The heading of the row names, such as `Model`.
    pub row_title: String,
    /// The columns after the row names.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The heading.
    pub title: String,
    /// The unit, shown below the heading.
    #[serde(default)]
    pub unit: String,
    /// Number of decimals. By default, half of the intervals have two significant digits, or the largest number has
    /// three if there are no intervals.
    #[serde(default)]
    pub decimals: Option<u8>,
    /// Which values are better. If set, the best value is bold, provided that its interval overlaps with no other.
    #[serde(default)]
    pub better: Option<Better>,
}

impl Column {
    /// Creates a column of numbers with a unit.
    #[must_use]
    pub fn new(title: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { title: title.into(), unit: unit.into(), decimals: None, better: None }
    }

    /// Marks the column's best value in bold if its interval overlaps with no other.
    #[must_use]
    pub fn with_best(self, better: Better) -> Self {
        Self { better: Some(better), ..self }
    }
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The name, such as a model or a setting.
    pub name: String,
    /// Consecutive rows with the same group, such as a loss, are separated from the others by a line.
    #[serde(default)]
    pub group: String,
    /// One cell per column.
    pub cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// A number with an optional interval.
    Number(Estimate),
    /// Text.
    Text(String),
    /// An empty cell, shown as a dash.
    Missing,
}

impl Table {
    /// Checks that all cells can be shown.
    ///
    /// # Errors
    /// When a row has a wrong number of cells, or a number is not finite.
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
