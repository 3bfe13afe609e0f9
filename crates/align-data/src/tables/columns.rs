//! The columns that a table knows.

/// What messages call true and false.
pub(super) const FLAG: &str = "true or false, also as 1 and 0 or as yes and no";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    /// True or false.
    Flag,
    /// A class by its number or its name.
    Class,
}

/// A column that a table knows.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
}

impl Kind {
    /// What the column must hold, for messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "numbers",
            Self::Flag => FLAG,
            Self::Class => "classes",
        }
    }

    /// What one of its cells must be, for messages.
    pub fn cell_in_words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a finite number",
            Self::Flag => FLAG,
            Self::Class => "a class",
        }
    }
}

impl Column {
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text, required: true }
    }

    pub const fn number(name: &'static str) -> Self {
        Self { name, kind: Kind::Number, required: true }
    }

    pub const fn flag(name: &'static str) -> Self {
        Self { name, kind: Kind::Flag, required: true }
    }

    pub const fn class(name: &'static str) -> Self {
        Self { name, kind: Kind::Class, required: true }
    }

    pub const fn optional(self) -> Self {
        Self { required: false, ..self }
    }
}

/// The names in the notebook's files, and ours.
const NOTEBOOK: [(&str, &str); 3] = [("Prompt", "prompt"), ("Generated Text", "text"), ("Model Score", "score")];

/// What the notebook calls a column of ours.
pub(super) fn in_the_notebook(ours: &str) -> Option<&'static str> {
    NOTEBOOK.iter().find(|(_, name)| *name == ours).map(|(theirs, _)| *theirs)
}

/// The table's column of a name in a file, if it is one of its own.
pub(super) fn known<'a>(columns: &'a [Column], name: &str) -> Option<&'a Column> {
    let ours = NOTEBOOK.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| *ours);
    columns.iter().find(|column| column.name == ours)
}
