use super::columns::Column;
use super::raw_table::RawTable;
use super::table::{Row, Table};
use super::value::Value;
use crate::{PairNumber, PairNumbers, PreferencePair, Result};

/// Preference pairs: a prompt with a chosen and a rejected text.
pub type PreferencePairs = Table<PreferencePair>;

impl Row for PreferencePair {
    const TABLE: &'static str = "table of pairs";

    const COLUMNS: &'static [Column] = &[
        Column::text("prompt"),
        Column::text("chosen"),
        Column::text("rejected"),
        Column::number("chosen_score").optional(),
        Column::number("rejected_score").optional(),
        Column::pair_number(PairNumber::ChosenProbability),
        Column::pair_number(PairNumber::Margin),
        Column::pair_number(PairNumber::Weight),
    ];

    fn read_rows(raw: &mut RawTable) -> Result<Vec<Self>> {
        let (prompts, chosen, rejected) = (raw.texts("prompt")?, raw.texts("chosen")?, raw.texts("rejected")?);
        let chosen_scores = raw.optional_numbers("chosen_score")?.unwrap_or_default();
        let rejected_scores = raw.optional_numbers("rejected_score")?.unwrap_or_default();
        let numbers = PairNumber::ALL.map(|number| (number, raw.pair_numbers(number).unwrap_or_default()));
        let rows = prompts.into_iter().zip(chosen).zip(rejected).enumerate();
        let pair = |(row, ((prompt, chosen), rejected))| Self {
            prompt,
            chosen,
            rejected,
            chosen_score: chosen_scores.get(row).copied(),
            rejected_score: rejected_scores.get(row).copied(),
            numbers: PairNumbers::of_row(&numbers, row),
        };
        Ok(rows.map(pair).collect())
    }

    fn value(&self, column: &str) -> Value<'_> {
        match column {
            "prompt" => Value::Text(&self.prompt),
            "chosen" => Value::Text(&self.chosen),
            "rejected" => Value::Text(&self.rejected),
            "chosen_score" => self.chosen_score.map_or(Value::Null, Value::Float),
            "rejected_score" => self.rejected_score.map_or(Value::Null, Value::Float),
            name => {
                let number = PairNumber::ALL.into_iter().find(|number| number.name() == name);
                number.and_then(|number| self.numbers.get(number)).map_or(Value::Null, Value::Float)
            }
        }
    }
}

/// Whether a file has a column of preference pairs.
pub(super) fn has_pairs(raw: &RawTable) -> bool {
    raw.has("chosen") || raw.has("rejected")
}
