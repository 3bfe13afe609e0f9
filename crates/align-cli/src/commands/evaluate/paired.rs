//! The rewards of several files on the same prompts.

use super::compared_file::ComparedFile;
use crate::Failure;
use crate::terminal::Verdict;
use align_data::Texts;
use align_metrics::{Bootstrap, Clusters, PairedComparison, TextSet};
use align_report::{Cell, Column, Estimate, Row, Table};

/// Compares each file's rewards with those of the first file, row by row. `None` for the first file, for a file whose rows answer other
/// prompts, and where there are no rewards.
pub fn against_first(
    tables: &[Texts],
    sets: &[TextSet],
    bootstrap: &Bootstrap,
) -> Result<Vec<Option<PairedComparison>>, Failure> {
    let mut rows = tables.iter().zip(sets).map(|(table, set)| (table.prompt_keys(), set.scores.as_deref()));
    let Some((prompts, first)) = rows.next() else { return Ok(Vec::new()) };
    let compare = |(others, scores): (Option<Vec<&str>>, Option<&[f64]>)| {
        let (Some(prompts), Some(first), Some(scores)) = (&prompts, first, scores) else { return Ok(None) };
        let clusters = Clusters::by(prompts);
        if others.as_ref() != Some(prompts) || clusters.count() < 2 {
            return Ok(None);
        }
        Ok(Some(PairedComparison::of(scores, first, Some(&clusters), bootstrap)?))
    };
    std::iter::once(Ok(None)).chain(rows.map(compare)).collect()
}

/// The table of the comparisons, if there are any.
pub fn table(files: &[ComparedFile], unit: &str, bootstrap: &Bootstrap) -> Option<Table> {
    let first = files.first()?;
    let estimate =
        |of: align_metrics::Estimate| Cell::Number(Estimate::new(of.value, of.interval.low, of.interval.high));
    let row = |file: &ComparedFile| {
        let paired = file.against_first?;
        let cells = vec![
            Cell::Number(Estimate::exact(paired.prompts as f64)),
            estimate(paired.mean_difference),
            estimate(paired.win_rate),
            Cell::Number(Estimate::exact(paired.p_value)),
        ];
        Some(Row { name: file.file.clone(), group: String::new(), cells })
    };
    let rows: Vec<Row> = files.iter().filter_map(row).collect();
    if rows.is_empty() {
        return None;
    }
    Some(Table {
        caption: format!(
            "Rewards on the same prompts, compared with {}. {}% bootstrap intervals over prompts; p-values of sign-flip tests.",
            first.file,
            bootstrap.level * 100.0
        ),
        row_title: "File".to_owned(),
        rows,
        columns: vec![
            Column::new("Prompts", ""),
            Column::new("Reward difference", unit),
            Column::new("Win rate", ""),
            Column { decimals: Some(3), ..Column::new("p", "") },
        ],
    })
}

/// Says how a file's rewards differ from those of the first one.
pub fn verdict(file: &ComparedFile, first: &str) -> Option<(Verdict, String)> {
    let difference = file.against_first?.mean_difference;
    let (name, verdict) = (&file.file, Verdict::of(difference.interval));
    let found = match verdict {
        Verdict::Better => format!("{name}: on the same prompts, the mean reward is higher than that of {first}"),
        Verdict::Worse => format!("{name}: on the same prompts, the mean reward is lower than that of {first}"),
        Verdict::Unclear => format!(
            "{name}: on the same prompts, the mean reward may equal that of {first} (the interval of the difference contains 0)"
        ),
    };
    Some((verdict, found))
}
