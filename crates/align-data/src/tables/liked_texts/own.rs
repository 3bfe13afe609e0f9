//! One text per row: `prompt`, `text` and `likes`.

use super::super::columns::Column;
use super::super::raw_table::RawTable;
use super::layout_texts::LayoutTexts;
use super::time::take_times;
use crate::Result;
use crate::likes::LikedText;

pub(super) const COLUMNS: &[Column] = &[
    Column::text("prompt"),
    Column::text("text"),
    Column::number("likes"),
    Column::number("dislikes").optional(),
    Column::number("views").optional(),
    Column::any("time"),
    Column::any("thread_time"),
];

pub(super) fn texts(raw: &mut RawTable) -> Result<LayoutTexts> {
    raw.check_columns(COLUMNS)?;
    let (prompts, texts, likes) = (raw.texts("prompt")?, raw.texts("text")?, raw.numbers("likes")?);
    let dislikes = raw.optional_numbers("dislikes")?;
    let views = raw.optional_numbers("views")?;
    let times = take_times(raw, "time", false)?;
    let thread_times = take_times(raw, "thread_time", false)?;
    if thread_times.is_some() && times.is_none() {
        return Err(raw.missing_error(vec![vec!["time".to_owned()]]));
    }
    let mut found = LayoutTexts::default();
    let number =
        |numbers: &Option<Vec<f64>>, row: usize| numbers.as_ref().and_then(|numbers| numbers.get(row).copied());
    let time = |times: &Option<Vec<Option<f64>>>, row: usize| times.as_ref().and_then(|times| *times.get(row)?);
    for (row, ((prompt, text), likes)) in prompts.into_iter().zip(texts).zip(likes).enumerate() {
        let (dislikes, views) = (number(&dislikes, row), number(&views, row));
        let (time, thread_time) = (time(&times, row), time(&thread_times, row));
        found.push(row, LikedText { prompt, text, likes, dislikes, views, time, thread_time });
    }
    Ok(found)
}
