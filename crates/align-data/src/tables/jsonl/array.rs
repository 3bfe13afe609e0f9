//! Reads a file that holds one array of objects.

use super::super::cells::Cells;
use super::checked_row::push_checked_row;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Reads each object of the array as a row.
pub(super) fn push_rows(cells: &mut Cells, text: &str) -> Result<(), String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let rows = deserializer.deserialize_seq(Rows { cells, file_size: text.len() });
    rows.and_then(|()| deserializer.end()).map_err(|error| error.to_string())
}

struct Rows<'a> {
    cells: &'a mut Cells,
    file_size: usize,
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while let Some(row) = rows.next_element::<&RawValue>()? {
            let number = self.cells.rows + 1;
            let pushed = push_checked_row(self.cells, row.get(), self.file_size);
            pushed.map_err(|problem| A::Error::custom(format!("row {number}: {problem}")))?;
        }
        Ok(())
    }
}
