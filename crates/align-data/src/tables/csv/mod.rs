//! CSV: comma-separated, double quotes, a header.

mod structure;

use super::columns::{Column, NOTEBOOK};
use crate::{Error, Result};
use polars_core::frame::DataFrame;
use polars_core::prelude::{DataType, PlSmallStr, Schema};
use polars_io::prelude::{CsvReadOptions, CsvWriter};
use polars_io::{SerReader, SerWriter};
use std::io::{Cursor, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

pub(super) fn read(path: &Path, bytes: Vec<u8>, columns: &[Column]) -> Result<DataFrame> {
    let blank = structure::check(&bytes).map_err(|fault| Error::Line {
        path: path.to_owned(),
        line: fault.line,
        problem: fault.problem,
    })?;
    let bytes = without(bytes, &blank);
    // The table's own columns are read as text, numbers too: so a wrong number can be shown with its row.
    let theirs = NOTEBOOK.iter().map(|(theirs, _)| *theirs);
    let known: Schema = columns
        .iter()
        .map(|column| column.name)
        .chain(theirs)
        .map(|name| (PlSmallStr::from_static(name), DataType::String))
        .collect();
    CsvReadOptions::default()
        .with_infer_schema_length(None)
        .with_schema_overwrite(Some(Arc::new(known)))
        .into_reader_with_file_handle(Cursor::new(bytes))
        .finish()
        .map_err(|e| unreadable(path, &e))
}

pub(super) fn write(path: &Path, file: impl Write, frame: &DataFrame) -> Result<()> {
    CsvWriter::new(file).finish(&mut frame.clone()).map_err(|e| Error::write(path, std::io::Error::other(e)))
}

/// The bytes without those at these places, which are in order.
fn without(mut bytes: Vec<u8>, places: &[Range<usize>]) -> Vec<u8> {
    let mut kept = places.first().map_or(bytes.len(), |place| place.start);
    for (number, place) in places.iter().enumerate() {
        let next = places.get(number + 1).map_or(bytes.len(), |next| next.start);
        bytes.copy_within(place.end..next, kept);
        kept += next - place.end;
    }
    bytes.truncate(kept);
    bytes
}

fn unreadable(path: &Path, problem: &polars_core::error::PolarsError) -> Error {
    Error::Format { path: path.to_owned(), format: "CSV", problem: problem.to_string() }
}
