//! Parses one line as a table row.

use super::super::cells::{Cell, Cells};
use super::json_text::JsonText;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Parses one line as the next row of a table of at most `most_columns` columns.
pub(super) fn push_row(cells: &mut Cells, line: &str, most_columns: usize) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    deserializer.deserialize_map(Row { cells, most_columns })?;
    deserializer.end()?;
    cells.rows += 1;
    Ok(())
}

struct Row<'a> {
    cells: &'a mut Cells,
    most_columns: usize,
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let Row { cells, most_columns } = self;
        while let Some(name) = fields.next_key::<String>()? {
            let cell = fields.next_value_seed(Value(cells))?;
            let column = cells.column(&name);
            column.ok_or_else(|| A::Error::custom(format!("the field {name:?} occurs twice")))?.push(cell);
            if cells.columns.len() > most_columns {
                return Err(A::Error::custom(format!(
                    "more than {most_columns} different field names, too many for a file of this size"
                )));
            }
        }
        Ok(())
    }
}

struct Value<'a>(&'a mut Cells);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Cell;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cell, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Cell, E> {
        Ok(Cell::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Cell, E> {
        Ok(Cell::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Cell, E> {
        Ok(Cell::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Cell, E> {
        Ok(i64::try_from(value).map_or(Cell::Float(value as f64), Cell::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell::Float(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cell, E> {
        Ok(self.0.add_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Cell, A::Error> {
        let start = self.0.buffer().len();
        JsonText(self.0.buffer()).visit_seq(items)?;
        Ok(self.0.json_since(start))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Cell, A::Error> {
        let start = self.0.buffer().len();
        JsonText(self.0.buffer()).visit_map(fields)?;
        Ok(self.0.json_since(start))
    }
}
