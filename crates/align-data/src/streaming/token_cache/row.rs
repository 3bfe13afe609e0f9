//! The rows that a cache can hold.

use super::bytes::{RowReader, RowWriter};
use crate::{EncodedPair, EncodedRewardPair, EncodedText, EncodedUnpairedPreference, PairNumber, PairNumbers};

/// A tokenised row that a [`TokenCache`](super::TokenCache) can hold.
pub trait CachedRow: Sized {
    /// What the rows are, which is part of a cache's name and key.
    const KIND: &'static str;

    /// Writes the row.
    fn write(&self, row: &mut RowWriter);

    /// Reads the row back, in the order in which it was written. `None` if something is missing.
    fn read(row: &mut RowReader<'_>) -> Option<Self>;

    /// Index of the input row, from 0.
    fn row_mut(&mut self) -> &mut usize;

    /// The token ids of the row's sequences: what they share, and how each goes on.
    fn sequences(&self) -> (&[i64], Vec<&[i64]>);
}

impl CachedRow for EncodedPair {
    const KIND: &'static str = "pairs";

    fn write(&self, row: &mut RowWriter) {
        row.number(self.row as u64);
        [&self.prompt_ids, &self.chosen_ids, &self.rejected_ids].into_iter().for_each(|ids| row.ids(ids));
        write_numbers(&self.numbers, row);
    }

    fn read(row: &mut RowReader<'_>) -> Option<Self> {
        let number = usize::try_from(row.number()?).ok()?;
        let (prompt_ids, chosen_ids, rejected_ids) = (row.ids()?, row.ids()?, row.ids()?);
        Some(Self { prompt_ids, chosen_ids, rejected_ids, row: number, numbers: read_numbers(row)? })
    }

    fn row_mut(&mut self) -> &mut usize {
        &mut self.row
    }

    fn sequences(&self) -> (&[i64], Vec<&[i64]>) {
        (&self.prompt_ids, vec![&self.chosen_ids, &self.rejected_ids])
    }
}

impl CachedRow for EncodedRewardPair {
    const KIND: &'static str = "reward-pairs";

    fn write(&self, row: &mut RowWriter) {
        row.number(self.row as u64);
        [&self.chosen_ids, &self.rejected_ids].into_iter().for_each(|ids| row.ids(ids));
        write_numbers(&self.numbers, row);
    }

    fn read(row: &mut RowReader<'_>) -> Option<Self> {
        let number = usize::try_from(row.number()?).ok()?;
        let (chosen_ids, rejected_ids) = (row.ids()?, row.ids()?);
        Some(Self { chosen_ids, rejected_ids, numbers: read_numbers(row)?, row: number })
    }

    fn row_mut(&mut self) -> &mut usize {
        &mut self.row
    }

    fn sequences(&self) -> (&[i64], Vec<&[i64]>) {
        (&[], vec![&self.chosen_ids, &self.rejected_ids])
    }
}

impl CachedRow for EncodedUnpairedPreference {
    const KIND: &'static str = "completions";

    fn write(&self, row: &mut RowWriter) {
        row.number(self.row as u64);
        row.ids(&self.prompt_ids);
        row.ids(&self.completion_ids);
        row.number(self.label.into());
    }

    fn read(row: &mut RowReader<'_>) -> Option<Self> {
        let number = usize::try_from(row.number()?).ok()?;
        let (prompt_ids, completion_ids) = (row.ids()?, row.ids()?);
        Some(Self { prompt_ids, completion_ids, label: row.number()? != 0, row: number })
    }

    fn row_mut(&mut self) -> &mut usize {
        &mut self.row
    }

    fn sequences(&self) -> (&[i64], Vec<&[i64]>) {
        (&self.prompt_ids, vec![&self.completion_ids])
    }
}

impl CachedRow for EncodedText {
    const KIND: &'static str = "texts";

    fn write(&self, row: &mut RowWriter) {
        row.number(self.row as u64);
        row.ids(&self.prompt_ids);
        row.ids(&self.completion_ids);
        row.mask(self.assistant_mask.as_deref());
    }

    fn read(row: &mut RowReader<'_>) -> Option<Self> {
        let number = usize::try_from(row.number()?).ok()?;
        let (prompt_ids, completion_ids) = (row.ids()?, row.ids()?);
        Some(Self { prompt_ids, completion_ids, assistant_mask: row.mask()?, row: number })
    }

    fn row_mut(&mut self) -> &mut usize {
        &mut self.row
    }

    fn sequences(&self) -> (&[i64], Vec<&[i64]>) {
        (&self.prompt_ids, vec![&self.completion_ids])
    }
}

fn write_numbers(numbers: &PairNumbers, row: &mut RowWriter) {
    PairNumber::ALL.into_iter().for_each(|number| row.float(numbers.get(number)));
}

fn read_numbers(row: &mut RowReader<'_>) -> Option<PairNumbers> {
    let mut numbers = PairNumbers::default();
    for number in PairNumber::ALL {
        if let Some(value) = row.float()? {
            numbers.set(number, value);
        }
    }
    Some(numbers)
}
