//! The examples of a run and their name.

use super::StreamedFiles;
use align_data::tables::{ColumnNames, ExampleRow, Examples, Table};
use align_data::{
    CompletionExample, ConversationCompletion, ConversationPair, LabelledText, LabelledTexts, PairExample,
    PreferencePair, RewardExample, UnpairedConversation, UnpairedExample, UnpairedPreference,
};
use std::path::{Path, PathBuf};

/// Examples of one type, such as preference pairs, with a name for the model card.
#[derive(Debug, Clone)]
pub struct Dataset<E> {
    pub(super) examples: Vec<E>,
    pub(super) name: String,
    /// The files that they were read from, which the run must not write over.
    pub(super) files: Vec<PathBuf>,
    /// Files that are read in parts. There are no examples then.
    pub(super) stream: Option<StreamedFiles>,
}

/// The name of unnamed examples on the model card.
const UNNAMED: &str = "unnamed rows";

impl<E> Dataset<E> {
    /// Examples without a name.
    #[must_use]
    pub fn new(examples: Vec<E>) -> Self {
        Self { examples, name: UNNAMED.to_owned(), files: Vec::new(), stream: None }
    }

    /// Examples that were read from a file. Their name is the file name.
    #[must_use]
    pub fn from_file(examples: Vec<E>, file: &Path) -> Self {
        Self::from_files(examples, &[file.to_owned()])
    }

    /// Examples that were read from files. Their name is the file names.
    #[must_use]
    pub fn from_files(examples: Vec<E>, files: &[PathBuf]) -> Self {
        let name = |file: &PathBuf| {
            file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into())
        };
        let name = match files {
            [] => UNNAMED.to_owned(),
            files => files.iter().map(name).collect::<Vec<String>>().join(", "),
        };
        Self { examples, name, files: files.to_vec(), stream: None }
    }

    /// Examples that are read from files in blocks, for training on data that does not fit in memory. They are tokenised once into a cache
    /// in the folder `token_cache`, from which each batch is read; later runs with the same files, tokeniser and options use the cache.
    /// Preference pairs can be streamed, as training examples.
    #[must_use]
    pub fn streamed(files: &[PathBuf], columns: ColumnNames, token_cache: impl Into<PathBuf>) -> Self {
        let stream = StreamedFiles { files: files.to_vec(), columns, token_cache: token_cache.into() };
        Self { stream: Some(stream), ..Self::from_files(Vec::new(), files) }
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

impl<E> From<Examples<E>> for Dataset<E>
where
    E: ExampleRow,
{
    fn from(examples: Examples<E>) -> Self {
        let files = examples.files().to_vec();
        Self::from_files(examples.into_rows(), &files)
    }
}

/// Plain rows and tables of plain rows are examples, and so are conversations.
macro_rules! examples_from {
    (conversations: $($rows:ty => $example:ty),* $(,)?) => {$(
        impl From<Vec<$rows>> for Dataset<$example> {
            fn from(rows: Vec<$rows>) -> Self {
                Self::new(rows.into_iter().map(Into::into).collect())
            }
        }
    )*};
    ($($rows:ty => $example:ty),* $(,)?) => {$(
        impl From<Vec<$rows>> for Dataset<$example> {
            fn from(rows: Vec<$rows>) -> Self {
                Self::new(rows.into_iter().map(Into::into).collect())
            }
        }

        impl From<Dataset<$rows>> for Dataset<$example> {
            fn from(data: Dataset<$rows>) -> Self {
                let Dataset { examples, name, files, stream } = data;
                Self { examples: examples.into_iter().map(Into::into).collect(), name, files, stream }
            }
        }

        impl From<Table<$rows>> for Dataset<$example> {
            fn from(table: Table<$rows>) -> Self {
                let file = table.file().map(Path::to_owned);
                Self::from_table(file, table.into_rows().into_iter().map(Into::into).collect())
            }
        }
    )*};
}

examples_from! {
    PreferencePair => PairExample,
    PreferencePair => RewardExample,
    UnpairedPreference => UnpairedExample,
    (String, String) => CompletionExample,
}
examples_from! {
    conversations:
    ConversationPair => PairExample,
    ConversationPair => RewardExample,
    UnpairedConversation => UnpairedExample,
    ConversationCompletion => CompletionExample,
}

impl From<LabelledTexts> for Dataset<LabelledText> {
    fn from(table: LabelledTexts) -> Self {
        Self::from_table(table.file().map(Path::to_owned), table.into_rows())
    }
}
