//! The columns that each table defines.

use crate::PairNumber;

/// How error messages describe a boolean.
pub(super) const BOOLEAN: &str = "true or false, also as 1 and 0 or as yes and no";

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Text,
    /// A text or a list of messages.
    Content,
    /// A list or an object, possibly as JSON text.
    Json,
    /// A column that only some layouts use, and whose type they check.
    Any,
    Number,
    /// A number of a pair, which rows may lack. A column of other values is an extra column, because few uses of pairs need it.
    PairNumber,
    /// A boolean.
    Boolean,
    /// A class index or a class name.
    Class,
}

/// A column that a table defines.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    pub kind: ColumnKind,
    pub required: bool,
}

impl ColumnKind {
    /// What the column must hold, for error messages.
    pub fn expected_values(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Content => "text or lists of messages",
            Self::Json => "lists or objects, or their JSON text",
            Self::Any => "values",
            Self::Number | Self::PairNumber => "numbers",
            Self::Boolean => BOOLEAN,
            Self::Class => "classes",
        }
    }

    /// What a cell must hold, for error messages.
    pub fn expected_cell(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Content => "text or a list of messages",
            Self::Json => "a list or an object, or its JSON text",
            Self::Any => "a value",
            Self::Number | Self::PairNumber => "a finite number",
            Self::Boolean => BOOLEAN,
            Self::Class => "a class",
        }
    }
}

impl Column {
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Text, required: true }
    }

    pub const fn content(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Content, required: true }
    }

    pub const fn json(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Json, required: false }
    }

    pub const fn any(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Any, required: false }
    }

    pub const fn number(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Number, required: true }
    }

    pub const fn pair_number(number: PairNumber) -> Self {
        Self { name: number.name(), kind: ColumnKind::PairNumber, required: false }
    }

    pub const fn boolean(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Boolean, required: true }
    }

    pub const fn class(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Class, required: true }
    }

    pub const fn optional(self) -> Self {
        Self { required: false, ..self }
    }
}

/// `columns` with those of the wanted numbers of pairs as numbers. The others may hold anything, because they are not used.
pub(super) fn with_numbers(columns: Vec<Column>, wanted: &[PairNumber]) -> Vec<Column> {
    let is_wanted = |column: &Column| wanted.iter().any(|number| number.name() == column.name);
    let number = |column: Column| if is_wanted(&column) { Column::number(column.name).optional() } else { column };
    columns.into_iter().map(number).collect()
}

/// The notebook's column names and the corresponding names here.
const NOTEBOOK: [(&str, &str); 3] = [("Prompt", "prompt"), ("Generated Text", "text"), ("Model Score", "score")];

/// The notebook's name for a column.
pub(super) fn notebook_name(name: &str) -> Option<&'static str> {
    NOTEBOOK.iter().find(|(_, own)| *own == name).map(|(notebook, _)| *notebook)
}
