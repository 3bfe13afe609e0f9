use super::columns::Column;
use super::raw_table::RawTable;
use super::table::{Row, Table};
use super::value::Value;
use crate::Result;

/// A row of any table. All its columns are extra columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnyRow;

/// Any table, to which columns are added.
pub type AnyRows = Table<AnyRow>;

impl Row for AnyRow {
    const TABLE: &'static str = "table";

    const COLUMNS: &'static [Column] = &[];

    fn read_rows(raw: &mut RawTable) -> Result<Vec<Self>> {
        Ok(vec![Self; raw.rows()])
    }

    fn value(&self, _: &str) -> Value<'_> {
        Value::Null
    }
}
