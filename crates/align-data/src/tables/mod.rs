//! Tables of texts and preference pairs with validated rows, as CSV, Parquet and JSON Lines files and polars data
//! frames.
//!
//! | table | columns |
//! | --- | --- |
//! | [`Texts`] | `text`; `prompt` and `score` are optional |
//! | [`ScoredTexts`] | `prompt`, `text`, `score` |
//! | [`PreferencePairs`] | `prompt`, `chosen`, `rejected`; `chosen_score`, `rejected_score` and the numbers `chosen_probability`, `margin` and `weight` are optional |
//! | [`Completions`] | `prompt`, `completion` |
//! | [`UnpairedPreferences`] | `prompt`, `completion`, `label` (true or false in any case, 1 or 0, yes or no) |
//! | [`LabelledTexts`] | `text`, `label` (a class index from 0 or a class name; with two classes also true or false) |
//!
//! [`LikedTexts`] reads texts with counts of likes, also in the layouts of SHP and Reddit, and [`JudgedTexts`](crate::judges::JudgedTexts) texts
//! with a column of scores for each of several judges.
//!
//! The notebook's column names (`Prompt`, `Generated Text`, `Model Score`) are mapped to these, and its unnamed index
//! column is dropped. [`ColumnNames`] names the columns of files that call them otherwise. Extra columns of text, numbers
//! or booleans, and of lists or objects in JSON, are kept and written after the table's own. Columns of other types are
//! skipped with a warning. A text may be empty but not null, and scores
//! must be finite. A column of numbers of pairs that holds anything else is an extra column. Errors name the invalid row, counted from 1 without the header.
//!
//! All formats accept the same values. In CSV everything is text. In Parquet, text may have any string type, be
//! dictionary-encoded (pandas categories), or be binary UTF-8. Blank lines in CSV and JSON Lines files are skipped, as
//! in pandas, and so is a byte-order mark.
//!
//! [`Examples`] reads rows to train on in every layout that data sets have, also conversations.
//!
//! The file extension selects the format: `.csv`, `.parquet` or `.jsonl`. A `.json` file with an array of objects, or
//! with one object per line, can be read too, and so can compressed files such as `.jsonl.gz` and `.csv.zst`. Files are written atomically through a
//! temporary file. Parquet and data frames need the feature `tables`, which builds polars.

mod answers;
mod any_rows;
mod audit_blocks;
mod cells;
mod column_context;
mod column_names;
mod columns;
mod completion_data;
mod completions;
mod compression;
mod content;
mod csv;
mod example_blocks;
mod examples;
mod extra_columns;
mod file;
mod format;
#[cfg(feature = "tables")]
mod frame;
mod jsonl;
mod judged_texts;
mod labelled_texts;
mod labels;
mod liked_texts;
mod limits;
mod messages;
mod pairs;
#[cfg(feature = "tables")]
mod parquet;
mod preference_data;
mod raw_table;
#[cfg(feature = "tables")]
mod series;
mod table;
mod table_files;
mod texts;
mod unpaired;
mod value;

pub use answers::{AnsweredPrompt, Answers};
pub use any_rows::AnyRows;
pub use audit_blocks::{AuditBlock, AuditBlocks, AuditRows, TokenCounter};
pub use column_names::ColumnNames;
pub use completion_data::CompletionData;
pub use completions::Completions;
pub use example_blocks::ExampleBlocks;
pub use examples::{ExampleRow, Examples, NumberedRow};
pub use format::{check_output, is_table_file};
pub use labelled_texts::{LabelledText, LabelledTexts};
pub use liked_texts::{LikedTexts, LikesLayout, LikesSource, parse_time};
pub use pairs::PreferencePairs;
pub use preference_data::PreferenceData;
pub use table::Table;
pub use table_files::table_files;
pub use texts::{ScoredTexts, Text, Texts};
pub use unpaired::UnpairedPreferences;
