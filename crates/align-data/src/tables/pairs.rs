use super::columns::{Column, frame_of, number_column, numbers_of, text_column, texts_of};
use super::table::table;
use crate::{PreferencePair, Result};
use polars_core::frame::DataFrame;

pub(super) const COLUMNS: &[Column] = &[
    Column::text("prompt"),
    Column::text("chosen"),
    Column::text("rejected"),
    Column::number("chosen_score").optional(),
    Column::number("rejected_score").optional(),
];

/// Whether a file's columns are meant as pairs.
pub(super) fn has_pairs(frame: &DataFrame) -> bool {
    frame.get_column_names().iter().any(|name| matches!(name.as_str(), "chosen" | "rejected"))
}

/// Preference pairs: of two texts for one prompt, the chosen and the rejected one.
#[derive(Debug, Clone)]
pub struct PreferencePairs {
    frame: DataFrame,
}

impl PreferencePairs {
    /// A table of pairs; it has columns of scores where every pair has them.
    ///
    /// # Errors
    /// When a score is not finite.
    pub fn from_pairs(pairs: &[PreferencePair]) -> Result<Self> {
        let mut columns = vec![
            text_column("prompt", pairs.iter().map(|pair| &pair.prompt)),
            text_column("chosen", pairs.iter().map(|pair| &pair.chosen)),
            text_column("rejected", pairs.iter().map(|pair| &pair.rejected)),
        ];
        let chosen: Option<Vec<f64>> = pairs.iter().map(|pair| pair.chosen_score).collect();
        let rejected: Option<Vec<f64>> = pairs.iter().map(|pair| pair.rejected_score).collect();
        columns.extend(chosen.map(|scores| number_column("chosen_score", &scores)));
        columns.extend(rejected.map(|scores| number_column("rejected_score", &scores)));
        Self::from_frame(frame_of(pairs.len(), columns, ORIGIN)?)
    }

    /// The pairs.
    pub fn pairs(&self) -> Vec<PreferencePair> {
        let texts = |name| texts_of(&self.frame, name).unwrap_or_default();
        let scores = |name| numbers_of(&self.frame, name).unwrap_or_default();
        let (chosen_scores, rejected_scores) = (scores("chosen_score"), scores("rejected_score"));
        let rows = texts("prompt").into_iter().zip(texts("chosen")).zip(texts("rejected")).enumerate();
        rows.map(|(row, ((prompt, chosen), rejected))| PreferencePair {
            chosen_score: chosen_scores.get(row).copied(),
            rejected_score: rejected_scores.get(row).copied(),
            ..PreferencePair::new(prompt, chosen, rejected)
        })
        .collect()
    }
}

table!(PreferencePairs, COLUMNS, "table of pairs");

const ORIGIN: &str = "table of pairs";
