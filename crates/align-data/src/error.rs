use crate::column_list::{format_columns, format_missing, other_separator};
use crate::judges::JudgesError;
use crate::streaming::StreamingError;
use crate::{EncodeReport, PairNumber};
use align_base::{printable, printable_path};
use align_choice::likes::LikesError;
use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A GGUF file cannot be read.
    #[error(transparent)]
    Gguf(Box<align_gguf::GgufError>),
    /// A file or folder that cannot be read.
    #[error("{}: cannot be read: {problem}", printable_path(path))]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        problem: io::Error,
    },
    /// A file or folder that cannot be written.
    #[error("{}: cannot be written: {problem}", printable_path(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        problem: io::Error,
    },
    /// A file that exists already and was not to be overwritten.
    #[error("{}: exists already; choose another name or allow overwriting", printable_path(path))]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file whose extension is not a table format.
    #[error("{}: expected a name that ends in {expected}, found {found}", printable_path(path))]
    Extension {
        /// The file.
        path: PathBuf,
        /// The extensions of tables.
        expected: &'static str,
        /// Its extension.
        found: String,
    },
    /// A Parquet file, which this program was built without.
    #[error(
        "{}: this program was built without Parquet (align-data's feature `tables`); use .csv or .jsonl",
        printable_path(path)
    )]
    NoParquet {
        /// The file.
        path: PathBuf,
    },
    /// A pattern for names of files that cannot be used.
    #[error("{}: {problem}; expected a pattern such as data/*.jsonl", printable(pattern))]
    FilePattern {
        /// The pattern.
        pattern: String,
        /// What is wrong.
        problem: String,
    },
    /// A file that does not match its format.
    #[error("{}: not a readable {format} file: {}", printable_path(path), printable(problem))]
    Format {
        /// The file.
        path: PathBuf,
        /// The format given by the extension.
        format: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A line of a CSV or JSON Lines file that cannot be used.
    #[error("{}, line {line}: {}", printable_path(path), printable(problem))]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A table without columns that it needs.
    #[error(
        "{origin}: expected {}, found {}{}",
        format_missing(missing),
        printable(&format_columns(found)),
        other_separator(found).map(|hint| format!(": {hint}")).unwrap_or_default()
    )]
    MissingColumns {
        /// The file, or the kind of table.
        origin: String,
        /// The missing columns, for each form that the file may have.
        missing: Vec<Vec<String>>,
        /// The columns that exist.
        found: Vec<String>,
    },
    /// A file without the column of positions.
    #[error(
        "{origin}: it has no column {:?} of positions, its columns are {}: name another one, or leave it out",
        printable(name),
        printable(&format_columns(found))
    )]
    MissingPosition {
        /// The file.
        origin: String,
        /// The name of the column.
        name: String,
        /// The columns that exist.
        found: Vec<String>,
    },
    /// Pairs without a number that an option of the training uses.
    #[error(
        "{origin}: option {} needs {}, found {}: add the column, or leave the option out",
        number.option(),
        number.columns(),
        printable(&format_columns(found))
    )]
    MissingPairNumber {
        /// The file, or the kind of table.
        origin: String,
        /// The number.
        number: PairNumber,
        /// The columns that exist.
        found: Vec<String>,
    },
    /// Names for columns that do not fit the table or the file.
    #[error("column names: {}", printable(problem))]
    ColumnNames {
        /// The name, what is wrong and what to do.
        problem: String,
    },
    /// A column of the wrong type.
    #[error("{origin}, column {column:?}: expected {expected}, found {found}")]
    ColumnType {
        /// The file, or the kind of table.
        origin: String,
        /// The column.
        column: String,
        /// The expected content.
        expected: &'static str,
        /// The actual content.
        found: String,
    },
    /// Files of which some hold texts and others conversations.
    #[error(
        "{}: expected {expected}, as in {}, found {found}: use files of one form",
        printable_path(path),
        printable_path(first)
    )]
    MixedFormats {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: &'static str,
        /// The first file.
        first: PathBuf,
        /// What the first file holds.
        expected: &'static str,
    },
    /// An invalid value in a table.
    #[error("{origin}, row {row}, column {column:?}: expected {}, found {}", printable(expected), printable(found))]
    Cell {
        /// The file, or the kind of table.
        origin: String,
        /// The data row, counted from 1 (a header does not count).
        row: usize,
        /// The column.
        column: String,
        /// The expected value.
        expected: Cow<'static, str>,
        /// The actual value.
        found: String,
    },
    /// An invalid message of a conversation in a table.
    #[error("{origin}, row {row}, column {column:?}, message {message}: {}", printable(problem))]
    Message {
        /// The file, or the kind of table.
        origin: String,
        /// The data row, counted from 1.
        row: usize,
        /// The column.
        column: String,
        /// The message, counted from 1.
        message: usize,
        /// What is wrong.
        problem: String,
    },
    /// Rows that teach nothing, which were not to be dropped.
    #[error("{}; mend or remove these rows, or let them be dropped (invalid_rows)", printable(problems))]
    InvalidRows {
        /// Which rows, and why.
        problems: String,
        /// The report on all rows, if there is one.
        report: Option<Box<EncodeReport>>,
    },
    /// Likes, views or a time that cannot be.
    #[error("{origin}, row {row}: {problem}")]
    Likes {
        /// The file, or the kind of table.
        origin: String,
        /// The data row, counted from 1 (a header does not count).
        row: usize,
        /// What is wrong.
        problem: LikesError,
    },
    /// Scores of judges that cannot be used.
    #[error(transparent)]
    Judges(Box<JudgesError>),
    /// Data that cannot be read in parts, or a token cache that cannot be used.
    #[error(transparent)]
    Streaming(Box<StreamingError>),
    /// Comments of Reddit without prompts.
    #[error(
        "{origin}: what the comments answer is not in the file: add the submissions (id, title and selftext), or a column title"
    )]
    NoParents {
        /// The file.
        origin: String,
    },
    /// Likes that determine no probabilities.
    #[error("likes: {0}")]
    NoLikes(LikesError),
    /// Columns of different lengths.
    #[error("column {column:?}: expected {expected} values, one per row, found {found}")]
    Length {
        /// The column.
        column: String,
        /// The number of rows.
        expected: usize,
        /// The number of values.
        found: usize,
    },
    /// An invalid option value.
    #[error("option {option}: expected {expected}, found {found}")]
    Option {
        /// The option.
        option: &'static str,
        /// The expected value.
        expected: String,
        /// The actual value.
        found: String,
    },
    /// A folder without a tokeniser.
    #[error("{}: no tokeniser found: {class} expects {expected}; found {}", printable_path(path), printable(found))]
    NoTokenizer {
        /// The folder.
        path: PathBuf,
        /// The tokeniser class of the folder.
        class: &'static str,
        /// The files that the class needs.
        expected: &'static str,
        /// The files in the folder.
        found: String,
    },
    /// An invalid tokeniser file.
    #[error("{}: {}", printable_path(path), printable(problem))]
    TokenizerFile {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A text or token ids that the tokeniser cannot process, or a missing special token.
    #[error("tokeniser: {}", printable(.0))]
    Tokenizer(String),
    /// A required special token that the tokeniser does not define.
    #[error("tokeniser: it has no {token} token; set {field} in tokenizer_config.json")]
    NoSpecialToken {
        /// The token's role.
        token: &'static str,
        /// The field of `tokenizer_config.json` that sets it.
        field: &'static str,
    },
    /// A chat template that is not valid, fails on a conversation or exceeds its limits.
    #[error(
        "{}: chat template{}: {}",
        printable_path(path),
        line.map(|line| format!(", line {line}")).unwrap_or_default(),
        printable(problem)
    )]
    ChatTemplate {
        /// The file of the template.
        path: PathBuf,
        /// The line of the template, counted from 1.
        line: Option<usize>,
        /// What is wrong.
        problem: String,
    },
    /// A conversation that a chat template refuses with `raise_exception`.
    #[error("{}: the chat template refuses the conversation: {}", printable_path(path), printable(message))]
    ChatRefused {
        /// The file of the template.
        path: PathBuf,
        /// The template's message.
        message: String,
    },
    /// A conversation that cannot be rendered.
    #[error("row {row}: {problem}")]
    Conversation {
        /// The number of the row, counted from 1.
        row: usize,
        /// What is wrong.
        #[source]
        problem: Box<Error>,
    },
    /// A last message that cannot be continued.
    #[error("the last message of the conversation cannot be continued: {}", printable(problem))]
    ContinueFinalMessage {
        /// Why not.
        problem: String,
    },
    /// A tokeniser without the chat template that conversations need.
    #[error("{}: {}", printable_path(path), printable(problem))]
    NoChatTemplate {
        /// The tokeniser's folder.
        path: PathBuf,
        /// Where a template was expected, and what to do.
        problem: String,
    },
    /// A batch without rows, or rows that make none.
    #[error("batch: {0}")]
    Batch(String),
    /// LibTorch refused an operation.
    #[error("LibTorch: {0}")]
    Torch(#[from] tch::TchError),
}

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;
