//! The rows of a run, and what its records call them.

use align_data::{
    Completions, LabelledText, LabelledTexts, PreferencePair, PreferencePairs, UnpairedPreference, UnpairedPreferences,
};
use std::path::{Path, PathBuf};

/// Examples of one kind, such as preference pairs, with the name that a model card gives them.
#[derive(Debug, Clone)]
pub struct Dataset<E> {
    pub(super) examples: Vec<E>,
    pub(super) name: String,
    /// The file that they were read from, which the run must not write over.
    pub(super) file: Option<PathBuf>,
}

/// What a card calls rows that nobody named.
const UNNAMED: &str = "rows without a name";

impl<E> Dataset<E> {
    /// Examples without a name.
    #[must_use]
    pub fn new(examples: Vec<E>) -> Self {
        Self { examples, name: UNNAMED.to_owned(), file: None }
    }

    /// Examples that were read from a file; its name, without its folder, is theirs.
    #[must_use]
    pub fn of_file(examples: Vec<E>, file: &Path) -> Self {
        let name = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into());
        Self { examples, name, file: Some(file.to_owned()) }
    }

    /// The rows of a table, which knows its file.
    fn of_table(file: Option<PathBuf>, examples: Vec<E>) -> Self {
        match file {
            Some(file) => Self::of_file(examples, &file),
            None => Self::new(examples),
        }
    }

    /// The same examples under this name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }
}

impl<E> From<Vec<E>> for Dataset<E> {
    fn from(examples: Vec<E>) -> Self {
        Self::new(examples)
    }
}

impl From<PreferencePairs> for Dataset<PreferencePair> {
    fn from(table: PreferencePairs) -> Self {
        Self::of_table(table.file().map(Path::to_owned), table.into_rows())
    }
}

impl From<UnpairedPreferences> for Dataset<UnpairedPreference> {
    fn from(table: UnpairedPreferences) -> Self {
        Self::of_table(table.file().map(Path::to_owned), table.into_rows())
    }
}

impl From<Completions> for Dataset<(String, String)> {
    fn from(table: Completions) -> Self {
        Self::of_table(table.file().map(Path::to_owned), table.into_rows())
    }
}

impl From<LabelledTexts> for Dataset<LabelledText> {
    fn from(table: LabelledTexts) -> Self {
        Self::of_table(table.file().map(Path::to_owned), table.into_rows())
    }
}
