//! The lines of a JSON Lines file as columns of small cells: a map of values a row would take many times the file's size.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// One value of a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell {
    /// null, or no such field in the row.
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Its place in the table's text.
    Text {
        start: usize,
        len: u32,
    },
    List,
    Object,
}

impl Cell {
    pub fn words(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text { .. } => "a string",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }

    pub fn bool(self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(value) } else { None }
    }

    pub fn int(self) -> Option<i64> {
        if let Self::Int(value) = self { Some(value) } else { None }
    }

    pub fn number(self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            _ => None,
        }
    }
}

/// The rows so far, by column.
#[derive(Debug)]
pub(super) struct Cells {
    pub rows: usize,
    /// Names and columns, in the order in which they were first seen. A column may be shorter than the table: the rest of it
    /// is null.
    pub columns: Vec<(String, Vec<Cell>)>,
    places: HashMap<String, usize>,
    text: String,
    most_columns: usize,
}

impl Cells {
    /// A table without rows that may get so many columns.
    pub fn new(most_columns: usize) -> Self {
        Self { rows: 0, columns: Vec::new(), places: HashMap::new(), text: String::new(), most_columns }
    }

    /// Reads one line as the next row.
    pub fn push(&mut self, line: &str) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(line);
        deserializer.deserialize_map(Row(self))?;
        deserializer.end()?;
        self.rows += 1;
        Ok(())
    }

    pub fn text(&self, cell: Cell) -> Option<&str> {
        match cell {
            Cell::Text { start, len } => self.text.get(start..start + len as usize),
            _ => None,
        }
    }

    /// A text, boolean or number as text.
    pub fn in_text(&self, cell: Cell) -> Option<Cow<'_, str>> {
        match cell {
            Cell::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Cell::Int(value) => Some(Cow::Owned(value.to_string())),
            Cell::Float(value) => Some(Cow::Owned(value.to_string())),
            cell => self.text(cell).map(Cow::Borrowed),
        }
    }

    /// The column of that name, filled up with nulls to the current row; `None` if the row has a value there already.
    fn column(&mut self, name: &str) -> Option<&mut Vec<Cell>> {
        let place = self.places.get(name).copied().unwrap_or_else(|| {
            self.places.insert(name.to_owned(), self.columns.len());
            self.columns.push((name.to_owned(), Vec::new()));
            self.columns.len() - 1
        });
        let (_, column) = self.columns.get_mut(place)?;
        if column.len() > self.rows {
            return None;
        }
        column.resize(self.rows, Cell::Null);
        Some(column)
    }
}

struct Row<'a>(&'a mut Cells);

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<String>()? {
            let cell = fields.next_value_seed(Value(&mut self.0.text))?;
            if self.0.columns.len() >= self.0.most_columns && !self.0.places.contains_key(&name) {
                let most = self.0.most_columns;
                return Err(A::Error::custom(format!("more than {most} different names, too many for such a file")));
            }
            let column = self.0.column(&name);
            column.ok_or_else(|| A::Error::custom(format!("the field {name:?} stands twice")))?.push(cell);
        }
        Ok(())
    }
}

struct Value<'a>(&'a mut String);

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
        let len = u32::try_from(text.len()).map_err(|_| E::custom("a text of more than 4 GiB"))?;
        let start = self.0.len();
        self.0.push_str(text);
        Ok(Cell::Text { start, len })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Cell, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Cell, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::Object)
    }
}
