//! The examples of a run and their name.

use align_data::{
    Completions, LabelledText, LabelledTexts, PreferencePair, PreferencePairs, UnpairedPreference, UnpairedPreferences,
};
use std::path::{Path, PathBuf};

/// Examples of one type, such as preference pairs, with a name for the model card.
#[derive(Debug, Clone)]
pub struct Dataset<E> {
    pub(super) examples: Vec<E>,
    pub(super) name: String,
    /// The file that they were read from, which the run must not write over.
    pub(super) file: Option<PathBuf>,
}

/// The name of unnamed examples on the model card.
const UNNAMED: &str = "unnamed rows";

impl<E> Dataset<E> {
    /// Examples without a name.
    #[must_use]
    pub fn new(examples: Vec<E>) -> Self {
        Self { examples, name: UNNAMED.to_owned(), file: None }
    }

    /// Examples that were read from a file. Their name is the file name.
    #[must_use]
    pub fn from_file(examples: Vec<E>, file: &Path) -> Self {
        let name = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into());
        Self { examples, name, file: Some(file.to_owned()) }
    }

    /// The rows of a table, with the file that it was read from.
    fn from_table(file: Option<PathBuf>, examples: Vec<E>) -> Self {
        match file {
            Some(file) => Self::from_file(examples, &file),
            None => Self::new(examples),
        }
    }

    /// Sets the name of the examples.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
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
        Self::from_table(table.file().map(Path::to_owned), table.into_rows())
    }
}

impl From<UnpairedPreferences> for Dataset<UnpairedPreference> {
    fn from(table: UnpairedPreferences) -> Self {
        Self::from_table(table.file().map(Path::to_owned), table.into_rows())
    }
}

impl From<Completions> for Dataset<(String, String)> {
    fn from(table: Completions) -> Self {
        Self::from_table(table.file().map(Path::to_owned), table.into_rows())
    }
}

impl From<LabelledTexts> for Dataset<LabelledText> {
    fn from(table: LabelledTexts) -> Self {
        Self::from_table(table.file().map(Path::to_owned), table.into_rows())
    }
}
