//! Which form of preference data a file has.

use super::super::columns::{Column, ColumnKind};
use super::super::examples::ExampleRow;
use super::super::raw_table::RawTable;
use super::super::table::Row;
use super::super::value::Value;
use super::rows::AuditRows;
use crate::{CompletionExample, PairExample, PreferencePair, Result, ScoredText, UnpairedExample};

/// The form of a file's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    kind: Kind,
    /// The columns of the first rows that the form uses, under the file's names.
    pub found: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pairs,
    Labelled,
    Texts,
    Completions,
}

/// The columns of all forms.
pub(super) fn columns() -> Vec<Column> {
    let others = [Column::content("text").optional(), Column::any("score")];
    UnpairedExample::columns().into_iter().map(Column::optional).chain(others).collect()
}

/// The columns of scores, under both names that data sets use.
const SCORES: [[&str; 2]; 3] =
    [["chosen_score", "rejected_score"], ["score_chosen", "score_rejected"], ["chosen_rating", "rejected_rating"]];

impl Form {
    /// The form of a file with these columns.
    pub fn of(raw: &RawTable, position: Option<&str>) -> Result<Self> {
        if let Some(name) = position.filter(|name| !raw.names().iter().any(|found| found == name)) {
            return Err(raw.missing_position(name));
        }
        let has = |name: &str| raw.has(name);
        let has_answer = has("completion") || has("messages") || has("conversations") || has("output");
        let kind = match () {
            () if has("chosen") || has("rejected") => Kind::Pairs,
            () if has_answer && (has("label") || has("kto_tag")) => Kind::Labelled,
            () if has("text") => Kind::Texts,
            () if has_answer => Kind::Completions,
            () => {
                raw.require_any(
                    &["chosen", "rejected", "text", "completion"],
                    &[PreferencePair::COLUMNS, ScoredText::COLUMNS],
                )?;
                Kind::Texts
            }
        };
        let known = columns();
        let is_used =
            |name: &String| known.iter().any(|column| raw.is_named(column.name, name)) || position == Some(name);
        Ok(Self { kind, found: raw.names().iter().filter(|name| is_used(name)).cloned().collect() })
    }

    /// Takes the rows out of a table.
    pub fn read(&self, raw: &mut RawTable, position: Option<&str>, notes: &mut Vec<String>) -> Result<AuditRows> {
        let count = raw.rows();
        match self.kind {
            Kind::Pairs => {
                let positions = position.map(|name| positions(raw, name)).transpose()?.unwrap_or_default();
                let pairs = PairExample::read_rows(raw, notes)?;
                let scores = SCORES.iter().find_map(|names| scores(raw, names)).unwrap_or_default();
                Ok(AuditRows::of_pairs(pairs, &scores, &positions))
            }
            Kind::Labelled => Ok(AuditRows::of_labelled(UnpairedExample::read_rows(raw, notes)?)),
            Kind::Completions => Ok(AuditRows::of_completions(CompletionExample::read_rows(raw, notes)?)),
            Kind::Texts => {
                let prompts = raw.optional_texts("prompt")?.unwrap_or_else(|| vec![String::new(); count]);
                let texts = prompts.into_iter().zip(raw.texts("text")?);
                Ok(AuditRows::of_texts(texts.collect(), &raw.optional_numbers("score")?.unwrap_or_default()))
            }
        }
    }
}

/// The scores of both sides of each pair that has them, if the file has their columns.
fn scores(raw: &mut RawTable, [chosen, rejected]: &[&str; 2]) -> Option<Vec<Option<[f64; 2]>>> {
    let mut column = |name: &str| raw.take(name, ColumnKind::Any, |_, values, _| Ok(numbers(values))).ok().flatten();
    let (chosen, rejected) = (column(chosen)?, column(rejected)?);
    Some(chosen.into_iter().zip(rejected).map(|(chosen, rejected)| Some([chosen?, rejected?])).collect())
}

/// The values that are numbers. Numbers may be stored as text.
fn numbers(values: &[Value<'_>]) -> Vec<Option<f64>> {
    let number = |value: &Value<'_>| match value {
        Value::Text(text) => text.trim().parse().ok(),
        value => value.number(),
    };
    values.iter().map(|value| number(value).filter(|number| number.is_finite())).collect()
}

/// Whether each chosen text was shown first.
fn positions(raw: &mut RawTable, name: &str) -> Result<Vec<bool>> {
    let found = raw.take(name, ColumnKind::Any, |column, values, _| {
        let position = |(row, value): (usize, &Value<'_>)| {
            let text = value.to_text().unwrap_or_default().trim().to_lowercase();
            match text.as_str() {
                "a" | "first" | "left" | "0" => Ok(true),
                "b" | "second" | "right" | "1" => Ok(false),
                _ => Err(column.cell_error(row, "A or B, first or second, left or right, 0 or 1", format!("{text:?}"))),
            }
        };
        values.iter().enumerate().map(position).collect()
    })?;
    found.ok_or_else(|| raw.missing_position(name))
}
