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
        let mut margins = margins.into_iter().flatten();
        let pairs = PairExample::read_rows(raw, notes)?.into_iter();
        Ok(pairs.map(|pair| Self { pair, margin: margins.next() }).collect())
    }

    fn is_conversation(&self) -> bool {
        self.pair.is_conversation()
    }
}
