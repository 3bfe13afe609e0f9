//! Preference pairs for reward models.

use super::super::columns::{Column, with_numbers};
use super::super::raw_table::RawTable;
use super::ExampleRow;
use crate::{PairExample, PairNumber, Result, RewardExample};

impl ExampleRow for RewardExample {
    fn columns() -> Vec<Column> {
        with_numbers(PairExample::columns(), &[PairNumber::Margin])
    }

    fn read_rows(raw: &mut RawTable, notes: &mut Vec<String>) -> Result<Vec<Self>> {
        let margins = raw.optional_numbers("margin")?;
        if margins.is_some() {
            super::note(notes, "the column margin is by how much the rewards of a pair are to differ");
        }
        let mut rows: Vec<Self> = PairExample::read_rows(raw, notes)?.into_iter().map(Self::from).collect();
        for (row, margin) in rows.iter_mut().zip(margins.into_iter().flatten()) {
            row.pair.numbers_mut().set(PairNumber::Margin, margin);
        }
        Ok(rows)
    }

    fn is_conversation(&self) -> bool {
        self.pair.is_conversation()
    }
}
