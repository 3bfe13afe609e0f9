//! Reads the files block by block.

use super::options::Options;
use super::reference::Model;
use super::sampled_pairs::SampledPairs;
use crate::column_option::ColumnOption;
use crate::data_layout::Layout;
use crate::{Failure, output};
use align_audit::{Audit, AuditOptions};
use align_base::{Progress, printable_path};
use align_data::tables::{AuditBlocks, TokenCounter};
use std::collections::HashSet;
use std::path::PathBuf;

/// The layouts whose rows can be audited.
const LAYOUTS: [Layout; 5] =
    [Layout::Pairs, Layout::LabelledCompletions, Layout::ScoredTexts, Layout::Completions, Layout::Conversations];

/// Audits the files of the options, and draws pairs for the reference model.
pub fn audit(options: &Options, model: Option<&Model>) -> Result<(Audit, Option<SampledPairs>), Failure> {
    let mut audit = Audit::new(AuditOptions {
        sample: options.sample_rows,
        seed: options.seed,
        listed: options.list_rows,
        has_tokenizer: model.is_some(),
        special_tokens: model.map(Model::special_tokens).unwrap_or_default(),
        ..AuditOptions::default()
    })?;
    let held_out = blocks(&options.columns, &options.eval_file, None)?;
    each_block(&options.columns, held_out, &options.eval_file, "reading held-out rows", |block| {
        if block.begins_file {
            audit.begin_held_out_file(&printable_path(&block.file));
        }
        for (number, problem) in &block.unreadable {
            audit.add_unreadable_held_out(*number, problem)?;
        }
        Ok(audit.add_held_out(&block.rows.to_numbered(None)?)?)
    })?;
    let size = options.reference_margins;
    let mut sampled = size.map(|size| SampledPairs::new(size, options.seed));
    let tokens = model.map(|model| TokenCounter::new(&model.tokenizer, model.limit));
    let files = blocks(&options.columns, &options.files, options.position_column.as_deref())?;
    each_block(&options.columns, files, &options.files, "auditing", |block| {
        if block.begins_file {
            audit.begin_file(&printable_path(&block.file));
        }
        for (number, problem) in &block.unreadable {
            audit.add_unreadable(*number, problem)?;
        }
        if let Some(sampled) = &mut sampled {
            sampled.add(block.rows.pairs());
        }
        Ok(audit.add(&block.rows.to_numbered(tokens.as_ref())?)?)
    })?;
    Ok((audit, sampled))
}

fn blocks(columns: &ColumnOption, files: &[PathBuf], position: Option<&str>) -> Result<AuditBlocks, Failure> {
    let blocks = columns.read(&LAYOUTS, |names| AuditBlocks::open(files, names))?;
    Ok(blocks.with_position_column(position))
}

/// Calls `add` with each block, and prints the notes of the reader. A file without rows is an error.
fn each_block(
    columns: &ColumnOption,
    mut blocks: AuditBlocks,
    files: &[PathBuf],
    task: &str,
    mut add: impl FnMut(&align_data::tables::AuditBlock) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let bytes: u64 = files.iter().map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum();
    let mut progress = (!files.is_empty()).then(|| Progress::begin(task, "bytes", bytes as usize));
    let mut with_rows = HashSet::new();
    while let Some(block) = columns.read(&LAYOUTS, |_| blocks.next_block())? {
        add(&block)?;
        if block.begins_file {
            with_rows.insert(block.file.clone());
        }
        if let Some(progress) = &mut progress {
            progress.set_done(blocks.bytes_read().min(bytes));
        }
    }
    if let Some(empty) = files.iter().find(|file| !with_rows.contains(*file)) {
        return Err(format!("{}: expected rows of preference data, found no rows", printable_path(empty)).into());
    }
    blocks.notes().iter().for_each(|note| output::note!("{note}"));
    Ok(())
}
