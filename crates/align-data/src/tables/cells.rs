//! The cells of a text format, stored by column. All strings share one buffer: a map of values per row would take many
//! times the file's size.

use std::collections::HashMap;

/// One cell.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cell {
    /// JSON null, or a field that the row lacks.
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Position of the string in the shared buffer.
    Text {
        start: usize,
        len: u32,
    },
    List,
    Object,
}

impl Cell {
    pub fn type_name(self) -> &'static str {
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

/// The rows read so far, stored by column.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub rows: usize,
    /// Column names and cells, in the order of first appearance. A column may be shorter than the table; its missing
    /// cells are null.
    pub columns: Vec<(String, Vec<Cell>)>,
    index_by_name: HashMap<String, usize>,
    text: String,
}

impl Cells {
    /// Creates an empty table with these columns. Names may repeat.
    pub fn with_columns(names: impl IntoIterator<Item = String>) -> Self {
        Self { columns: names.into_iter().map(|name| (name, Vec::new())).collect(), ..Self::default() }
    }

    /// Adds a row with one string per column; `None` is null.
    pub fn push_texts<'a>(&mut self, texts: impl IntoIterator<Item = Option<&'a str>>) {
        for ((_, column), text) in self.columns.iter_mut().zip(texts) {
            column.push(text.map_or(Cell::Null, |text| append(&mut self.text, text)));
        }
        self.rows += 1;
    }

    /// Adds a string to the buffer and returns a cell that refers to it.
    pub fn add_text(&mut self, text: &str) -> Cell {
        append(&mut self.text, text)
    }

    pub fn text(&self, cell: Cell) -> Option<&str> {
        match cell {
            Cell::Text { start, len } => self.text.get(start..start + len as usize),
            _ => None,
        }
    }

    /// The column of this name, padded with nulls up to the current row. `None` if the row already has a value in it.
    pub fn column(&mut self, name: &str) -> Option<&mut Vec<Cell>> {
        let index = self.index_by_name.get(name).copied().unwrap_or_else(|| {
            self.index_by_name.insert(name.to_owned(), self.columns.len());
            self.columns.push((name.to_owned(), Vec::new()));
            self.columns.len() - 1
        });
        let (_, column) = self.columns.get_mut(index)?;
        if column.len() > self.rows {
            return None;
        }
        column.resize(self.rows, Cell::Null);
        Some(column)
    }

    /// The cells of a column, one per row.
    pub fn padded_cells(&self, column: &[Cell]) -> impl Iterator<Item = Cell> {
        let nulls = self.rows.saturating_sub(column.len());
        column.iter().copied().chain(std::iter::repeat_n(Cell::Null, nulls))
    }
}

/// A string is never longer than a row, so its length fits in 32 bits.
fn append(all: &mut String, text: &str) -> Cell {
    let cell = Cell::Text { start: all.len(), len: text.len() as u32 };
    all.push_str(text);
    cell
}
