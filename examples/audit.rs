//! What is wrong with preference data, before a run on them.
//!
//! ```sh
//! cargo run --example audit -- pairs.jsonl held-out.jsonl
//! ```

use align::audit::{Audit, AuditOptions, Threshold};
use align::data::tables::{AuditBlocks, ColumnNames};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, file, held_out] = &arguments[..] else { return Err("usage: audit FILE HELD_OUT_FILE".into()) };
    let mut audit = Audit::new(AuditOptions::default())?;

    let mut blocks = AuditBlocks::open(&[held_out], &ColumnNames::default())?;
    audit.begin_held_out_file(held_out);
    while let Some(block) = blocks.next_block()? {
        audit.add_held_out(&block.rows.to_numbered(None)?)?;
    }
    let mut blocks = AuditBlocks::open(&[file], &ColumnNames::default())?;
    audit.begin_file(file);
    while let Some(block) = blocks.next_block()? {
        block.unreadable.iter().try_for_each(|(number, problem)| audit.add_unreadable(*number, problem))?;
        audit.add(&block.rows.to_numbered(None)?)?;
    }

    let report = audit.finish()?;
    for finding in report.problems() {
        let rows: Vec<usize> = finding.first_rows.iter().map(|row| row.place.row).collect();
        println!("{}: {} of {} rows, first {rows:?}. {}", finding.name, finding.count, finding.of, finding.advice);
    }
    for prediction in &report.predictions {
        println!("{}: {} in {:.1}% of the cases", prediction.name, prediction.rule, 100.0 * prediction.accuracy);
    }
    match report.exceeded(&["leakage".parse::<Threshold>()?])?.as_slice() {
        [] => Ok(()),
        _ => Err("prompts of held-out rows are in the training file".into()),
    }
}
