//! A table as a text format has it: columns of small cells over one text. A map of values a row would take many times the file's
//! size.

use std::collections::HashMap;

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
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub rows: usize,
    /// Names and columns, in the order in which they were first seen. A column may be shorter than the table: the rest of it
    /// is null.
    pub columns: Vec<(String, Vec<Cell>)>,
    places: HashMap<String, usize>,
    text: String,
}

impl Cells {
    /// A table without rows that has these columns, whose names may be equal.
    pub fn with_columns(names: impl IntoIterator<Item = String>) -> Self {
        Self { columns: names.into_iter().map(|name| (name, Vec::new())).collect(), ..Self::default() }
    }

    /// Adds a row of texts, one a column; null where there is none.
    pub fn push_texts<'a>(&mut self, texts: impl IntoIterator<Item = Option<&'a str>>) {
        for ((_, column), text) in self.columns.iter_mut().zip(texts) {
            column.push(text.map_or(Cell::Null, |text| append(&mut self.text, text)));
        }
        self.rows += 1;
    }

    /// Adds a text, to which the returned cell points.
    pub fn add_text(&mut self, text: &str) -> Cell {
        append(&mut self.text, text)
    }

    pub fn text(&self, cell: Cell) -> Option<&str> {
        match cell {
            Cell::Text { start, len } => self.text.get(start..start + len as usize),
            _ => None,
        }
    }

    /// The column of that name, filled up with nulls to the current row; `None` if the row has a value there already.
    pub fn column(&mut self, name: &str) -> Option<&mut Vec<Cell>> {
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

    /// The cells of a column, one a row.
    pub fn cells_of(&self, column: &[Cell]) -> impl Iterator<Item = Cell> {
        let nulls = self.rows.saturating_sub(column.len());
        column.iter().copied().chain(std::iter::repeat_n(Cell::Null, nulls))
    }
}

/// Texts have at most a row's bytes, which four bytes count.
fn append(all: &mut String, text: &str) -> Cell {
    let cell = Cell::Text { start: all.len(), len: text.len() as u32 };
    all.push_str(text);
    cell
}
