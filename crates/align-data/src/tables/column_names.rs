use super::columns::{Column, notebook_name};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How a file calls the columns of a table, if it does not use their own names: `prompt=question,chosen=good`.
///
/// ```
/// use align_data::PreferencePairs;
/// use align_data::tables::ColumnNames;
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("pairs.csv");
/// std::fs::write(&file, "question,good,bad\nWas it fun?,Yes!,No.\n")?;
/// let names: ColumnNames = "prompt=question,chosen=good,rejected=bad".parse()?;
/// let pairs = PreferencePairs::read_renamed(&file, &names)?;
/// assert_eq!(pairs.rows()[0].chosen, "Yes!");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ColumnNames {
    /// The table's names and those in the file.
    names: Vec<(String, String)>,
}

impl ColumnNames {
    /// Creates names from pairs of the table's name and the file's name.
    ///
    /// # Errors
    /// When a name is empty, occurs twice or is the same in the table and in the file.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = (S, S)>) -> Result<Self> {
        let names: Vec<(String, String)> = names.into_iter().map(|(own, file)| (own.into(), file.into())).collect();
        for (index, (own, file)) in names.iter().enumerate() {
            let problem = if own.is_empty() || file.is_empty() {
                format!("{own}={file} lacks a name, expected NAME=COLUMN")
            } else if own == file {
                format!("{own}={file} has no effect: leave it out")
            } else if names.iter().skip(index + 1).any(|(other, _)| other == own) {
                format!("{own} occurs twice: give it one column")
            } else if names.iter().skip(index + 1).any(|(_, other)| other == file) {
                format!("the column {file} is used twice: give each name its own column")
            } else {
                continue;
            };
            return Err(Error::ColumnNames { problem });
        }
        Ok(Self { names })
    }

    /// Whether all columns have their own names.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The file's name for a column of the table, if it differs.
    pub(super) fn name_in_file(&self, own: &str) -> Option<&str> {
        self.names.iter().find(|(name, _)| name == own).map(|(_, file)| file.as_str())
    }

    /// The table's column that a name in the file stands for, if any.
    pub(super) fn find_column<'a>(&self, columns: &'a [Column], name: &str) -> Option<&'a Column> {
        if let Some((own, _)) = self.names.iter().find(|(_, file)| file == name) {
            return columns.iter().find(|column| column.name == own);
        }
        let own = |column: &&Column| column.name == name || notebook_name(column.name) == Some(name);
        columns.iter().find(own).filter(|column| self.name_in_file(column.name).is_none())
    }

    /// Checks that the names fit the columns of a table and those of a file.
    pub(super) fn check(&self, origin: &str, columns: &[Column], found: &[String]) -> Result<()> {
        if let Some(swapped) = self.swapped(columns, found) {
            let problem = format!("{self}: the name that this command uses comes first: write {swapped}");
            return Err(Error::ColumnNames { problem });
        }
        for (own, file) in &self.names {
            let has = |name: &str| found.iter().any(|found| found == name);
            let problem = if !columns.iter().any(|column| column.name == own) {
                let is_first = |(index, column): &(usize, &Column)| {
                    !columns.iter().take(*index).any(|other| other.name == column.name)
                };
                let expected = columns.iter().enumerate().filter(is_first).map(|(_, column)| column.name);
                let expected: Vec<&str> = expected.collect();
                format!("{own}={file}: this table has no column {own}, expected one of {}", expected.join(", "))
            } else if !has(file) {
                let found = found.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
                format!("{own}={file}: {origin} has no column {file:?}, found {found}")
            } else if has(own) && !self.names.iter().any(|(_, renamed)| renamed == own) {
                format!("{own}={file}: {origin} has a column {own:?} too: remove one of the two from the file")
            } else {
                continue;
            };
            return Err(Error::ColumnNames { problem });
        }
        Ok(())
    }
}

impl ColumnNames {
    /// These names with the reversed ones swapped, if any is reversed: the file has the first name, and the table the second.
    fn swapped(&self, columns: &[Column], found: &[String]) -> Option<Self> {
        let is_own = |name: &str| columns.iter().any(|column| column.name == name);
        let is_reversed = |(own, file): &(String, String)| !is_own(own) && is_own(file) && found.contains(own);
        let swap = |pair: &(String, String)| match is_reversed(pair) {
            true => (pair.1.clone(), pair.0.clone()),
            false => pair.clone(),
        };
        self.names.iter().any(is_reversed).then(|| Self { names: self.names.iter().map(swap).collect() })
    }
}

impl FromStr for ColumnNames {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let name = |part: &str| {
            let names = part.split_once('=').map(|(own, file)| (own.trim().to_owned(), file.trim().to_owned()));
            names.ok_or_else(|| Error::ColumnNames {
                problem: format!("{part:?} has no \"=\": expected NAME=COLUMN, such as prompt=question"),
            })
        };
        Self::new(text.split(',').map(name).collect::<Result<Vec<_>>>()?)
    }
}

impl fmt::Display for ColumnNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (own, file)) in self.names.iter().enumerate() {
            let separator = if index > 0 { "," } else { "" };
            write!(f, "{separator}{own}={file}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for ColumnNames {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ColumnNames> for String {
    fn from(names: ColumnNames) -> Self {
        names.to_string()
    }
}
