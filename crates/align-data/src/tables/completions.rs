use super::columns::{Column, frame_of, text_column, texts_of};
use super::table::table;
use super::{PreferencePairs, Texts, pairs, read_raw, texts};
use crate::Result;
use align_base::printable_path;
use polars_core::frame::DataFrame;
use std::path::Path;

const COLUMNS: &[Column] = &[Column::text("prompt"), Column::text("completion")];

const ORIGIN: &str = "table of completions";

/// Prompts and one completion of each.
#[derive(Debug, Clone)]
pub struct Completions {
    frame: DataFrame,
}

impl Completions {
    /// A table of `(prompt, completion)` rows.
    ///
    /// # Errors
    /// Only what polars refuses.
    pub fn from_rows<P: AsRef<str>, C: AsRef<str>>(rows: &[(P, C)]) -> Result<Self> {
        let columns = vec![
            text_column("prompt", rows.iter().map(|(prompt, _)| prompt)),
            text_column("completion", rows.iter().map(|(_, completion)| completion)),
        ];
        Self::from_frame(frame_of(rows.len(), columns, ORIGIN)?)
    }

    /// Reads prompts and completions; where the file has no column `completion`, its texts, each a completion of an empty prompt.
    ///
    /// # Errors
    /// As [`Completions::read`] and [`Texts::read`].
    pub fn read_or_texts(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let frame = read_raw(path, &[COLUMNS, texts::COLUMNS].concat())?;
        let origin = printable_path(path);
        if frame.column("completion").is_ok() {
            return Self::checked(frame, &origin);
        }
        let texts = Texts::checked(frame, &origin)?;
        Self::from_rows(&texts.texts().into_iter().map(|text| ("", text)).collect::<Vec<_>>())
    }

    /// The rows as `(prompt, completion)`.
    pub fn rows(&self) -> Vec<(&str, &str)> {
        let texts = |name| texts_of(&self.frame, name).unwrap_or_default();
        texts("prompt").into_iter().zip(texts("completion")).collect()
    }
}

table!(Completions, COLUMNS, "table of completions");

/// What log-probabilities can be asked of.
#[derive(Debug, Clone)]
pub enum CompletionData {
    /// Two completions a prompt.
    Pairs(PreferencePairs),
    /// One completion a prompt.
    Completions(Completions),
}

impl CompletionData {
    /// Reads pairs where the file has a column `chosen` or `rejected`, single completions otherwise.
    ///
    /// # Errors
    /// As [`PreferencePairs::read`] and [`Completions::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let frame = read_raw(path, &[pairs::COLUMNS, COLUMNS].concat())?;
        let origin = printable_path(path);
        if pairs::has_pairs(&frame) {
            Ok(Self::Pairs(PreferencePairs::checked(frame, &origin)?))
        } else {
            Ok(Self::Completions(Completions::checked(frame, &origin)?))
        }
    }
}
