//! Stanford Human Preferences: two comments on a post per row, with their scores and times.

use super::super::column_context::ColumnContext;
use super::super::columns::{Column, ColumnKind};
use super::super::raw_table::RawTable;
use super::layout_texts::LayoutTexts;
use super::reddit_counts::likes_of_score;
use super::time::take_times;
use crate::Result;
use crate::likes::LikedText;
use std::collections::HashSet;

pub(super) const COLUMNS: &[Column] = &[
    Column::text("history"),
    Column::text("human_ref_A"),
    Column::text("human_ref_B"),
    Column::number("score_A"),
    Column::number("score_B"),
    Column::any("created_at_utc_A"),
    Column::any("created_at_utc_B"),
    Column::number("labels").optional(),
];

/// The comments, each once. A comment occurs in as many rows as it has partners.
pub(super) fn texts(raw: &mut RawTable) -> Result<LayoutTexts> {
    raw.check_columns(COLUMNS)?;
    let histories = raw.texts("history")?;
    let comments = [raw.texts("human_ref_A")?, raw.texts("human_ref_B")?];
    let scores = [raw.numbers("score_A")?, raw.numbers("score_B")?];
    let times = [take_times(raw, "created_at_utc_A", false)?, take_times(raw, "created_at_utc_B", false)?];
    check_labels(raw, &scores)?;
    let mut found = LayoutTexts::default();
    let mut seen: HashSet<(&str, &str, u64, Option<u64>)> = HashSet::new();
    for (row, history) in histories.iter().enumerate() {
        for ((comments, scores), times) in comments.iter().zip(&scores).zip(&times) {
            let (Some(comment), Some(&score)) = (comments.get(row), scores.get(row)) else { continue };
            let time = times.as_ref().and_then(|times| *times.get(row)?);
            if !seen.insert((history, comment, score.to_bits(), time.map(f64::to_bits))) {
                found.source.repeated += 1;
                continue;
            }
            let likes = likes_of_score(score, &mut found.source);
            let (prompt, text) = (history.clone(), comment.clone());
            found.push(row, LikedText { prompt, text, likes, time, ..LikedText::default() });
        }
    }
    Ok(found)
}

/// Checks that the comment with the higher score is the preferred one: 1 for A, 0 for B.
fn check_labels(raw: &mut RawTable, scores: &[Vec<f64>; 2]) -> Result<()> {
    let origin = raw.origin().to_owned();
    let Some(labels) = raw.optional_numbers("labels")? else { return Ok(()) };
    let [a, b] = scores;
    for (row, ((label, a), b)) in labels.iter().zip(a).zip(b).enumerate() {
        let (expected, higher) = if a > b { (1.0, "A") } else { (0.0, "B") };
        if a != b && *label != expected {
            let context = ColumnContext { origin: &origin, column: "labels", kind: ColumnKind::Number };
            let other = if higher == "A" { "B" } else { "A" };
            let expected = format!("{expected}, because score_{higher} is above score_{other}");
            return Err(context.cell_error(row, expected, label.to_string()));
        }
    }
    Ok(())
}
