//! Texts with a column of scores for each of several judges.

use super::column_context::ColumnContext;
use super::column_names::ColumnNames;
use super::columns::{Column, ColumnKind};
use super::file::read_raw_table;
use super::pairs::PreferencePairs;
use super::raw_table::RawTable;
use super::value::Value;
use crate::judges::{
    JudgedPairOptions, JudgedPairReport, JudgedText, JudgedTexts, JudgesError, SCORE, check_judges, pair_judged,
};
use crate::{Error, Result};
use align_base::printable_path;
use std::path::Path;

const COLUMNS: &[Column] = &[Column::text("prompt"), Column::text("text")];

impl JudgedTexts {
    /// Reads a CSV, Parquet or JSON Lines file with the columns `prompt` and `text`, and a column of scores for each judge. An empty cell is an
    /// abstention.
    ///
    /// # Errors
    /// When the file cannot be read, a column is missing, or a value is invalid; as [`JudgedTexts::new`].
    pub fn read<S: AsRef<str>>(path: impl AsRef<Path>, judges: &[S]) -> Result<Self> {
        Self::read_renamed(path, judges, &ColumnNames::default())
    }

    /// Reads a file like [`JudgedTexts::read`], in which the columns of prompts and texts have other names.
    ///
    /// # Errors
    /// As [`JudgedTexts::read`], and when a name is not one of the table's or the file's.
    pub fn read_renamed<S: AsRef<str>>(path: impl AsRef<Path>, judges: &[S], names: &ColumnNames) -> Result<Self> {
        let judges: Vec<String> = judges.iter().map(|judge| judge.as_ref().to_owned()).collect();
        // A column is taken once only.
        check_judges(&printable_path(path.as_ref()), &judges, &vec![1.0; judges.len()])?;
        let mut raw = read_raw_table(path.as_ref(), COLUMNS, names)?;
        raw.check_columns(COLUMNS)?;
        let (prompts, texts) = (raw.texts("prompt")?, raw.texts("text")?);
        let mut rows: Vec<JudgedText> =
            prompts.into_iter().zip(texts).map(|(prompt, text)| JudgedText { prompt, text, scores: vec![] }).collect();
        for judge in &judges {
            let scores = take_scores(&mut raw, judge)?.ok_or_else(|| unknown_judge(&raw, judge))?;
            rows.iter_mut().zip(scores).for_each(|(row, score)| row.scores.push(score));
        }
        Self::of_origin(raw.origin().to_owned(), judges, rows)
    }

    /// Makes pairs, as [`pair_judged`] does, with the columns `chosen_probability` and, as an extra column, `agreement`.
    ///
    /// # Errors
    /// As [`pair_judged`].
    pub fn pair(&self, options: &JudgedPairOptions) -> Result<(PreferencePairs, JudgedPairReport)> {
        let (pairs, report) = pair_judged(self, options)?;
        let agreement: Vec<f64> = pairs.iter().map(|pair| pair.agreement).collect();
        let table = PreferencePairs::from_rows(pairs.into_iter().map(|pair| pair.pair).collect())?;
        Ok((table.with_column("agreement", &agreement)?, report))
    }
}

/// Takes the column of a judge, if it exists.
fn take_scores(raw: &mut RawTable, judge: &str) -> Result<Option<Vec<Option<f64>>>> {
    raw.take(judge, ColumnKind::Number, |column: &ColumnContext<'_>, values: &[Value<'_>], _| {
        let score = |(row, value): (usize, &Value<'_>)| {
            let score = match value {
                Value::Null => return Ok(None),
                Value::Text(text) if text.trim().is_empty() => return Ok(None),
                Value::Text(text) => text.trim().parse().ok(),
                value => value.number(),
            };
            let found = || match value {
                Value::Text(text) => format!("{text:?}"),
                value => value.to_text().map_or_else(String::new, Into::into),
            };
            // Whether scores are finite is checked for all tables.
            score.map(Some).ok_or_else(|| column.cell_error(row, SCORE, found()))
        };
        values.iter().enumerate().map(score).collect()
    })
}

fn unknown_judge(raw: &RawTable, judge: &str) -> Error {
    let is_own = |name: &String| COLUMNS.iter().any(|column| raw.is_named(column.name, name));
    let columns = raw.names().iter().filter(|name| !is_own(name)).cloned().collect();
    JudgesError::UnknownJudge { origin: raw.origin().to_owned(), judge: judge.to_owned(), columns }.into()
}
