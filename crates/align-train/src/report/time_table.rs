use crate::{EvaluationRecord, RunTime, TrainingRecords};
use align_report::{Cell, Column, Estimate, Row, Table};

/// The wall-clock time of a run: steps, evaluations during training, and the evaluation at the end.
#[must_use]
pub fn time_table(records: &TrainingRecords, last: Option<&EvaluationRecord>, time: &RunTime) -> Table {
    let row = |name: String, seconds: f64| Row {
        name,
        group: String::new(),
        cells: vec![Cell::Number(Estimate::exact(seconds))],
    };
    // The metrics file of a resumed run also has the evaluations before the resume.
    let during: Vec<f64> = records
        .evaluations
        .iter()
        .filter(|record| record.step > time.after_step)
        .map(|record| record.eval_runtime)
        .collect();
    let evaluations: f64 = during.iter().sum();
    let mut rows = vec![row("Training steps".to_owned(), (time.seconds - evaluations).max(0.0))];
    if !during.is_empty() {
        rows.push(row(format!("Evaluations during training ({})", during.len()), evaluations));
    }
    rows.extend(last.map(|last| row("Evaluation at the end".to_owned(), last.eval_runtime)));
    rows.push(Row {
        group: "total".to_owned(),
        ..row("Total".to_owned(), time.seconds + last.map_or(0.0, |last| last.eval_runtime))
    });
    let since = match time.after_step {
        0 => String::new(),
        step => format!(" The run was resumed after step {step}; the time before is not included."),
    };
    Table {
        caption: format!("Wall-clock time. That of the steps includes writing checkpoints and sample texts.{since}"),
        row_title: "Part".to_owned(),
        columns: vec![Column { decimals: Some(1), ..Column::new("Time", "s") }],
        rows,
    }
}
