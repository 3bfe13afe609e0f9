//! `--pairs`: how often the chosen text of a pair has the higher score, in all and by group.

use crate::Failure;
use crate::column_option::ColumnOption;
use crate::data_layout::Layout;
use crate::usage::UsageError;
use align_data::tables::{AnyRows, Examples};
use align_data::{CompletionExample, ConversationCompletion, Example, PairExample};
use align_inference::Judge;
use align_metrics::Proportion;
use align_report::{Cell, Column, Estimate, Row, Table};
use serde_json::{Value, json};
use std::path::Path;

/// A table of pairs, the chosen and the rejected text of each, and the name of its group.
pub struct Pairs {
    table: AnyRows,
    chosen: Vec<CompletionExample>,
    rejected: Vec<CompletionExample>,
    groups: Option<(String, Vec<String>)>,
}

/// The accuracy of a judge in all pairs or in a group.
pub struct Accuracy {
    pub judge: String,
    pub group: String,
    pub correct: Proportion,
}

impl Pairs {
    pub fn read(file: &Path, columns: &ColumnOption, group_by: Option<&str>) -> Result<Self, Failure> {
        let pairs = columns.read(&[Layout::Pairs], |names| Examples::<PairExample>::read_renamed(file, names))?;
        if pairs.is_empty() {
            return Err(format!("{}: no pairs", align_base::printable_path(file)).into());
        }
        let table = AnyRows::read(file)?;
        let group = |name: &str| {
            let values = table.extra_texts(name).ok_or_else(|| {
                let file = align_base::printable_path(file);
                UsageError::new(format!("--group-by {name}: {file} has no column {name:?} of texts or numbers"))
            })?;
            Ok::<_, UsageError>((name.to_owned(), values))
        };
        let groups = group_by.map(group).transpose()?;
        let (chosen, rejected) = pairs.into_rows().into_iter().map(sides).unzip();
        Ok(Self { table, chosen, rejected, groups })
    }

    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// The scores of the chosen and of the rejected texts.
    pub fn scores(&self, judge: &dyn Judge) -> Result<[Vec<f64>; 2], Failure> {
        Ok([judge.scores_of_rows(&self.chosen)?, judge.scores_of_rows(&self.rejected)?])
    }

    /// The table with two columns of scores. Without a name these are those of a table of pairs.
    pub fn with_scores(self, judge: Option<&str>, [chosen, rejected]: &[Vec<f64>; 2]) -> Result<Self, Failure> {
        let name = |side: &str| judge.map_or(format!("{side}_score"), |judge| format!("{side}_{judge}"));
        let table = self.table.with_column(&name("chosen"), chosen)?.with_column(&name("rejected"), rejected)?;
        Ok(Self { table, ..self })
    }

    /// The accuracies by group, in the order of the groups' first pairs, and then in all pairs.
    pub fn accuracies(&self, judge: &str, [chosen, rejected]: &[Vec<f64>; 2]) -> Vec<Accuracy> {
        let is_correct: Vec<bool> = chosen.iter().zip(rejected).map(|(chosen, rejected)| chosen > rejected).collect();
        let accuracy = |group: String, correct| Accuracy { judge: judge.to_owned(), group, correct };
        let mut all = Vec::new();
        if let Some((_, groups)) = &self.groups {
            let mut names: Vec<&String> = Vec::new();
            groups.iter().for_each(|name| {
                if !names.contains(&name) {
                    names.push(name)
                }
            });
            for name in names {
                let of_group = groups.iter().zip(&is_correct).filter(|(group, _)| *group == name);
                all.push(accuracy(name.clone(), Proportion::of(of_group.map(|(_, correct)| *correct))));
            }
        }
        all.push(accuracy("all".to_owned(), Proportion::of(is_correct)));
        all
    }

    pub fn write(&self, file: &Path, overwrite: bool) -> Result<(), Failure> {
        Ok(self.table.write(file, overwrite)?)
    }
}

/// The two texts of a pair.
fn sides(pair: PairExample) -> (CompletionExample, CompletionExample) {
    match pair {
        Example::Plain(pair) => {
            (Example::Plain((pair.prompt.clone(), pair.chosen)), Example::Plain((pair.prompt, pair.rejected)))
        }
        Example::Conversation(pair) => {
            let (prompt, inputs) = (pair.prompt, pair.inputs);
            let side = |completion| {
                let (prompt, inputs) = (prompt.clone(), inputs.clone());
                Example::Conversation(ConversationCompletion { prompt, completion, inputs })
            };
            (side(pair.chosen), side(pair.rejected))
        }
    }
}

impl Accuracy {
    pub fn to_json(&self) -> Value {
        let interval = self.correct.wilson_interval();
        json!({
            "judge": self.judge, "group": self.group, "pairs": self.correct.trials, "correct": self.correct.successes,
            "accuracy": self.correct.value(), "low": interval.low, "high": interval.high,
        })
    }
}

/// The accuracies as a table: a row for each judge and group.
pub fn table(accuracies: &[Accuracy]) -> Table {
    let several = accuracies.iter().any(|other| Some(&other.judge) != accuracies.first().map(|first| &first.judge));
    let row = |Accuracy { judge, group, correct }: &Accuracy| {
        let interval = correct.wilson_interval();
        Row {
            name: if several { format!("{judge}, {group}") } else { group.clone() },
            group: String::new(),
            cells: vec![
                Cell::Number(Estimate::exact(correct.trials as f64)),
                Cell::Number(Estimate::new(correct.value(), interval.low, interval.high)),
            ],
        }
    };
    Table {
        caption: "Pairs whose chosen text has the higher score, with Wilson's 95% interval.".to_owned(),
        row_title: "Group".to_owned(),
        rows: accuracies.iter().map(row).collect(),
        columns: vec![Column::new("Pairs", ""), Column::new("Accuracy", "")],
    }
}
