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
    /// Position of a list or object in the shared buffer, as JSON text.
    Json {
        start: usize,
        len: u32,
    },
}

impl Cell {
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

    /// The buffer, to which a list or object can be appended before [`Cells::json_since`].
    pub fn buffer(&mut self) -> &mut String {
        &mut self.text
    }

    /// A cell for the list or object that the buffer holds from `start` on.
    pub fn json_since(&self, start: usize) -> Cell {
        Cell::Json { start, len: (self.text.len() - start) as u32 }
    }

    /// The JSON text of a list or object.
    pub fn json(&self, cell: Cell) -> Option<&str> {
        match cell {
            Cell::Json { start, len } => self.text.get(start..start + len as usize),
            _ => None,
        }
    }

    /// What a cell holds, for error messages.
    pub fn type_name(&self, cell: Cell) -> &'static str {
        match cell {
            Cell::Null => "null",
            Cell::Bool(_) => "a boolean",
            Cell::Int(_) | Cell::Float(_) => "a number",
            Cell::Text { .. } => "a string",
            Cell::Json { .. } if self.json(cell).is_some_and(|text| text.starts_with('[')) => "a list",
            Cell::Json { .. } => "an object",
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

/// A string is never longer than a row, so its length fits in 32 bits. So does that of a list or object, whose numbers
/// may be written with more digits than in the file.
fn append(all: &mut String, text: &str) -> Cell {
    let cell = Cell::Text { start: all.len(), len: text.len() as u32 };
    all.push_str(text);
    cell
}
