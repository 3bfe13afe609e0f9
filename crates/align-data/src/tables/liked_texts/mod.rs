//! Texts with counts of likes, in the layouts that data sets have.

mod layout_texts;
mod own;
mod reddit;
mod reddit_counts;
mod shp;
mod source;
mod time;

pub use source::{LikesLayout, LikesSource};
pub use time::parse_time;

use super::column_names::ColumnNames;
use super::columns::Column;
use super::file::read_raw_table;
use super::pairs::PreferencePairs;
use super::unpaired::UnpairedPreferences;
use crate::likes::{LabelOptions, LabelReport, LikedPairOptions, LikedPairReport, LikedText, label, pair_liked};
use crate::{Error, Result};
use std::path::Path;

/// Texts with prompts and counts of likes.
///
/// ```
/// use align_data::likes::LikedPairOptions;
/// use align_data::tables::LikedTexts;
///
/// # let folder = tempfile::tempdir()?;
/// # let (file, output) = (folder.path().join("likes.csv"), folder.path().join("pairs.jsonl"));
/// std::fs::write(&file, "prompt,text,likes,views\nWas it fun?,Yes!,30,100\nWas it fun?,No.,40,2000\nWas it long?,No.,1,9\n")?;
/// let (pairs, report) = LikedTexts::read(&file)?.pair(&LikedPairOptions::default())?;
/// assert_eq!(pairs.rows()[0].chosen, "Yes!");
/// assert_eq!((report.pairs, report.single_texts), (1, 1));
/// pairs.write(&output, false)?; // with a column chosen_probability
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct LikedTexts {
    rows: Vec<LikedText>,
    /// The row of the file that each text is from, counted from 1.
    rows_in_file: Vec<usize>,
    origin: String,
    source: LikesSource,
}

impl LikedTexts {
    /// Reads a CSV, Parquet or JSON Lines file with the columns `prompt`, `text` and `likes`, and optionally `dislikes`, `views`, `time` and
    /// `thread_time`; or a file in the layout of SHP or Reddit ([`LikesLayout`]).
    ///
    /// # Errors
    /// When the file cannot be read, a column is missing, or a value has the wrong type.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        Self::read_renamed(path, &ColumnNames::default())
    }

    /// Reads a file like [`LikedTexts::read`], in which columns have other names.
    ///
    /// # Errors
    /// As [`LikedTexts::read`], and when a name is not one of the table's or the file's.
    pub fn read_renamed(path: impl AsRef<Path>, names: &ColumnNames) -> Result<Self> {
        let path = path.as_ref();
        let known: Vec<Column> =
            [own::COLUMNS, shp::COLUMNS, reddit::COLUMNS].concat().into_iter().map(Column::optional).collect();
        // Names can be given for the first form only.
        let columns = if names.is_empty() { known.as_slice() } else { own::COLUMNS };
        let mut raw = read_raw_table(path, columns, names)?;
        let forms = [own::COLUMNS, shp::COLUMNS, reddit::COLUMNS];
        raw.require_any(&["text", "likes", "human_ref_A", "body", "selftext"], &forms)?;
        let (layout, texts) = if raw.has("text") || raw.has("likes") || !names.is_empty() {
            (LikesLayout::Columns, own::texts(&mut raw)?)
        } else if raw.has("human_ref_A") {
            (LikesLayout::Shp, shp::texts(&mut raw)?)
        } else {
            (LikesLayout::Reddit, reddit::texts(&mut raw)?)
        };
        let source = LikesSource { layout, ..texts.source };
        Ok(Self { rows: texts.rows, rows_in_file: texts.rows_in_file, origin: raw.origin().to_owned(), source })
    }

    /// The texts.
    pub fn rows(&self) -> &[LikedText] {
        &self.rows
    }

    /// The layout of the file, and what was left out.
    pub fn source(&self) -> &LikesSource {
        &self.source
    }

    /// Makes pairs, as [`pair_liked`] does, with the column `chosen_probability`.
    ///
    /// # Errors
    /// As [`pair_liked`].
    pub fn pair(&self, options: &LikedPairOptions) -> Result<(PreferencePairs, LikedPairReport)> {
        let (pairs, report) = pair_liked(&self.rows, options).map_err(|error| self.located(error))?;
        Ok((PreferencePairs::from_rows(pairs)?, report))
    }

    /// Labels texts for KTO, as [`label`] does.
    ///
    /// # Errors
    /// As [`label`].
    pub fn label(&self, options: &LabelOptions) -> Result<(UnpairedPreferences, LabelReport)> {
        let (rows, report) = label(&self.rows, options).map_err(|error| self.located(error))?;
        Ok((UnpairedPreferences::from_rows(rows)?, report))
    }

    /// The error with the file and its row.
    fn located(&self, error: Error) -> Error {
        match error {
            Error::Likes { row, problem, .. } => {
                let row = self.rows_in_file.get(row.saturating_sub(1)).copied().unwrap_or(row);
                Error::Likes { origin: self.origin.clone(), row, problem }
            }
            error => error,
        }
    }
}
