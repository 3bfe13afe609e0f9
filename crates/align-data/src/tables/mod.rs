//! Tables of texts and of preference pairs: checked rows, in CSV, Parquet and JSON Lines files and polars data frames.
//!
//! | table | columns |
//! | --- | --- |
//! | [`Texts`] | `text`, and `prompt` and `score` where there are any |
//! | [`ScoredTexts`] | `prompt`, `text`, `score` |
//! | [`PreferencePairs`] | `prompt`, `chosen`, `rejected`, and `chosen_score` and `rejected_score` where there are any |
//! | [`Completions`] | `prompt`, `completion` |
//! | [`UnpairedPreferences`] | `prompt`, `completion`, `label` (true or false, in any case; 1 or 0; yes or no) |
//! | [`LabelledTexts`] | `text`, `label` (a class by its number, from 0, or its name; of two classes also as true or false) |
//!
//! The columns of the notebook's files (`Prompt`, `Generated Text`, `Model Score`, and an index without a name) are
//! renamed to these and the index is dropped. Further columns of text, numbers or booleans are kept, after the table's
//! own; columns of other types (dates, lists, nested objects) are left out with a warning. A text may be empty but not
//! null, and scores are finite; the row that breaks this is named, counted from 1 without the header.
//!
//! All formats take the same values: in CSV everything is text; in Parquet a text may be of any text type, a dictionary's
//! (pandas' categories) or binary, if it is UTF-8. Blank lines of a CSV or JSON Lines file are skipped, as pandas does, and so is
//! a byte-order mark.
//!
//! The file's name decides the format: `.csv`, `.parquet` or `.jsonl`. Files are written through a temporary file, so
//! that they appear whole or not at all. Parquet and data frames need the feature `tables`, which builds polars.

mod cells;
mod columns;
mod completions;
mod csv;
mod data;
mod file;
mod format;
#[cfg(feature = "tables")]
mod frame;
mod further;
mod jsonl;
mod labelled_texts;
mod labels;
mod limits;
mod pairs;
#[cfg(feature = "tables")]
mod parquet;
mod place;
mod raw;
#[cfg(feature = "tables")]
mod series;
mod table;
mod texts;
mod unpaired;
mod value;

pub use completions::Completions;
pub use data::{CompletionData, PreferenceData};
pub use format::check_output;
pub use labelled_texts::{LabelledText, LabelledTexts};
pub use pairs::PreferencePairs;
pub use table::Table;
pub use texts::{ScoredTexts, Text, Texts};
pub use unpaired::UnpairedPreferences;
