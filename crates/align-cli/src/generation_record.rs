//! The records of how tables of texts were generated.

use crate::{Failure, log};
use align_base::printable_path;
use align_inference::{Error, GenerationRecord};
use std::path::Path;

/// Rejects a record that exists, before any work is done.
pub fn check_destination(record: &GenerationRecord, table: &Path, overwrite: bool) -> Result<(), Failure> {
    record.check_destination(table, overwrite).map_err(with_advice)
}

/// The record of a table. A file that is no record gives a warning.
pub fn read(table: &Path) -> Option<GenerationRecord> {
    GenerationRecord::read(table).unwrap_or_else(|error| {
        let table = printable_path(table);
        log::warning(&format!("{error}; it is unknown how the texts of {table} were generated"));
        None
    })
}

/// Checks that `record`, the one of a command's input, can be written beside its output. Without a record, there must be none.
pub fn check_carry_over(record: Option<&GenerationRecord>, table: &Path, overwrite: bool) -> Result<(), Failure> {
    match (record, GenerationRecord::read(table)) {
        (Some(record), _) => check_destination(record, table, overwrite),
        (None, Ok(Some(_))) if !overwrite => {
            Err(with_advice(Error::RecordExists { path: GenerationRecord::path(table) }))
        }
        (None, found) => found.map(drop).map_err(with_advice),
    }
}

/// Writes `record`, the one of a command's input, beside its output. Without a record, removes that of a replaced output.
pub fn carry_over(record: Option<&GenerationRecord>, table: &Path, overwrite: bool) -> Result<(), Failure> {
    let done = match record {
        Some(record) => record.write(table, overwrite),
        None => GenerationRecord::remove(table, overwrite),
    };
    done.map_err(with_advice)
}

fn with_advice(error: Error) -> Failure {
    match error {
        Error::RecordExists { path } => format!(
            "{} exists already, the record of an earlier table: choose another name for the output or give --overwrite",
            printable_path(&path)
        )
        .into(),
        Error::GenerationRecord { .. } => {
            format!("{error}: move the file away or choose another name for the output").into()
        }
        error => error.into(),
    }
}
